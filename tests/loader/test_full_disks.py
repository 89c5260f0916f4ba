"""A node's disk without space: the adapter is reported with what to do, and the replica serves all the same."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.adapting.adapter_files import CONFIG
from fairlead.fleet.adapters import AdapterReason, AdapterState
from fairlead.fleet.desired_state import ModelSource, SourceScheme
from fairlead.loader.staging_folder import StagingFolder
from tests.loader.pretended_servers import PretendedHub, served
from tests.loader.test_loop import adapter, listed, replica


def test_a_disk_without_space_for_even_a_folder_neither_keeps_the_replica_unready_nor_ends_the_tries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> str:
        raise OSError(28, "No space left on device")

    async def story() -> None:
        async with replica(tmp_path) as one:
            one.loop.take(listed(adapter(tmp_path)))
            with monkeypatch.context() as patched:
                patched.setattr(tempfile, "mkdtemp", full)
                for _ in range(3):
                    await one.loop.turn(one.access, one.session)
                    await asyncio.sleep(0)
            assert one.is_ready()
            assert "No space left on device; free space on its node" in one.loop.places[0].message
            one.times[0] = 5.0
            await one.turns()
            assert one.states == [AdapterState.LOADED], "space was made"

    asyncio.run(story())


def test_a_disk_that_fills_up_during_a_download_is_not_reported_as_the_hubs_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def begin(self: StagingFolder) -> Iterator[Path]:
        folder = self.root / ".partial-full"
        folder.mkdir()
        (folder / CONFIG).symlink_to("/dev/full")
        yield folder

    monkeypatch.setattr(StagingFolder, "begin", begin)

    async def story() -> None:
        pretended = PretendedHub(files={f"acme/sql/main/{CONFIG}": b"{}"})
        async with replica(tmp_path) as one, served(*pretended.routes()) as address:
            one.access = replace(one.access, hub=f"http://{address}")
            source = ModelSource(scheme=SourceScheme.HUB, location="acme/sql")
            one.loop.take(listed(replace(adapter(tmp_path), source=source)))
            await one.turns()
            (place,) = one.loop.places
            assert place.reason is AdapterReason.SOURCE_UNREADABLE
            assert place.message.startswith("the folder of adapters cannot be written: [Errno 28] No space left on")
            assert place.message.endswith("; free space on its node")

    asyncio.run(story())

"""A node's disk without space: the adapter is reported with what to do, and the replica serves all the same."""

import asyncio
import tempfile
from pathlib import Path

import pytest

from fairlead.fleet.adapters import AdapterState
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

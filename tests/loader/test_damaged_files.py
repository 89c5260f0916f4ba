"""Staged files that a node's crash or a killed process left incomplete are read again, and do not fail for ever."""

import asyncio
from pathlib import Path

import pytest

from fairlead.adapting.adapter_files import CONFIG, WEIGHTS
from fairlead.fleet.adapters import AdapterReason, AdapterState
from fairlead.loader import staging_folder
from tests.loader.pretended_servers import PretendedEngine
from tests.loader.test_loop import adapter, listed, replica


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
@pytest.mark.parametrize("lost", [True, False])
def test_files_that_are_incomplete_after_a_crash_are_staged_again_once_the_engine_has_refused_them(
    tmp_path: Path, name: str, lost: bool
) -> None:
    async def story() -> None:
        wanted = adapter(tmp_path)
        async with replica(tmp_path) as one:
            one.loop.take(listed(wanted))
            await one.turns()
        damaged = tmp_path / "staged" / wanted.digest.removeprefix("sha256:") / name
        if lost:
            damaged.unlink()
        else:
            damaged.write_bytes(b"")
        async with replica(tmp_path, PretendedEngine()) as again:
            again.loop.take(listed(wanted))
            await again.turns()
            assert again.loop.places[0].reason is AdapterReason.ENGINE_REFUSED
            again.times[0] = 5.0
            await again.turns()
            assert again.states == [AdapterState.LOADED]

    asyncio.run(story())


def test_whole_files_that_the_engine_refuses_stay_and_are_not_read_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with replica(tmp_path, PretendedEngine(refuses="no")) as one:
            wanted = adapter(tmp_path)
            one.loop.take(listed(wanted))
            await one.turns()
            (staged,) = (tmp_path / "staged").iterdir()
            assert staging_folder.digest_of(staged) == wanted.digest

    asyncio.run(story())

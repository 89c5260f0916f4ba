"""An engine that is busy answers late: its replica stays ready for as long as the engine's own probe allows."""

import asyncio
from pathlib import Path

import pytest

from fairlead.cluster import pod_http
from fairlead.loader import engine_adapters
from tests.loader.test_loop import listed, replica


def test_an_engine_that_lists_its_models_late_keeps_its_replica_ready_and_one_that_hangs_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A scrape of two seconds becomes one of a tenth, so that the test need not wait.
    monkeypatch.setattr(pod_http, "TIMEOUT_S", 0.1)

    async def story() -> None:
        async with replica(tmp_path) as one:
            one.loop.take(listed())
            await one.turns(1)
            one.engine.lists_after = 0.3
            await one.turns(1)
            assert one.is_ready(), "later than a scrape may take"
            monkeypatch.setattr(engine_adapters, "LIST_SECONDS", 0.1)
            await one.turns(1)
            assert not one.is_ready()

    asyncio.run(story())

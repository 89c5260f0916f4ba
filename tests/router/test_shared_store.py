"""Routers that share their answers through a store named in their file, reachable or not."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router.cache import redis_store
from fairlead.router.shared_store import SharedStoreConnection
from tests.emulator.living import living
from tests.router.cache import redis_server
from tests.router.cache.clients import cache
from tests.router.cache.redis_server import Server
from tests.router.planes import Cluster, Plane, plane, run_story, written
from tests.router.recalling import COLD, STREAM, got

BROKEN: Final = "answers are not shared: the address of the shared response cache is none"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server.running(tmp_path) as running:
        yield running


def test_an_invalid_store_address_is_logged_and_treated_as_no_address(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        kept = cache()
        sharing = SharedStoreConnection(kept)
        sharing.apply("http://:secret@store", "prod/chat")
        assert (sharing.store, sharing.counts, kept.elsewhere) == (None, None, None)
        await sharing.close()

    run_story(story())
    (answer,) = [record.getMessage() for record in caplog.records]
    assert answer.startswith(BROKEN)
    assert "secret" not in answer


def test_another_address_is_used_from_then_on_and_none_is_none() -> None:
    async def story() -> None:
        kept = cache()
        sharing = SharedStoreConnection(kept)
        sharing.apply("redis://127.0.0.25:1/0", "prod/chat")
        first = sharing.store
        sharing.apply("redis://127.0.0.25:1/0", "prod/chat")
        assert sharing.store is first
        sharing.apply("redis://127.0.0.25:2/0", "prod/chat")
        assert sharing.store is not first
        assert kept.elsewhere is sharing.store
        assert sharing.counts is not None
        sharing.apply(None, "prod/chat")
        assert kept.elsewhere is None
        await sharing.close()

    run_story(story())


def test_another_scope_is_used_from_then_on_in_the_same_store() -> None:
    async def story() -> None:
        sharing = SharedStoreConnection(cache())
        sharing.apply(None, "prod/chat")
        sharing.apply("redis://127.0.0.25:1/0", "prod/chat")
        store = sharing.store
        assert store is not None
        sharing.apply("redis://127.0.0.25:1/0", "prod/other")
        assert (sharing.store is store, store.scope) == (True, "prod/other")
        await sharing.close()

    run_story(story())


@pytest.mark.conformance
def test_an_answer_received_by_one_router_is_served_by_the_other(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine that is busy with other lanes takes longer than a lookup may; the bound has its own test.
    monkeypatch.setattr(redis_store, "FETCH_SECONDS", 5.0)

    async def story() -> None:
        place = tmp_path / "url"
        place.write_text(server.url)
        shared = {"enabled": True, "redisUrlFile": str(place)}
        async with living() as engines, AsyncExitStack() as stack:
            routers: list[Plane] = []
            for name in ("one", "two"):
                folder = tmp_path / name
                folder.mkdir()
                cluster = Cluster()
                cluster.announce(DiscoveredEndpoint(pod="e-0", address=engines[0].address, revision="r1"))
                config = written(folder, [engines[0].address], cache=shared)
                routers.append(await stack.enter_async_context(plane(config, cluster)))
                await routers[-1].until("routable")
            one, two = routers
            for number, body in enumerate((COLD, STREAM), 1):
                first = await got(one, body)
                while await one.metric('fairlead_router_cache_shared_total{result="written"}') < number:
                    await asyncio.sleep(0.005)
                answered = engines[0].engine.answered
                assert first[0] == "miss"
                assert await got(two, body) == ("hit", first[1])
                assert engines[0].engine.answered == answered

    run_story(story())

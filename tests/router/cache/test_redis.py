"""Routers that share answers through a real Redis or Valkey: found, expired, dead, stopped, and back again."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvloop
from redis.asyncio import Redis

from fairlead.router.cache import redis_store
from fairlead.router.cache.cache import ResponseCache
from fairlead.router.cache.outage import MAX_FAILURES, REST_SECONDS
from fairlead.router.cache.redis_store import RedisAnswerStore, StoreClocks
from tests.router.cache import redis_server
from tests.router.cache.clients import ANSWER, CHAT, STREAM, STREAMED, Client, answer, cache, enquiry, followed
from tests.router.cache.redis_server import Server

pytestmark = pytest.mark.conformance


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with redis_server.running(tmp_path) as running:
        yield running


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets lookups take as long as a busy machine needs, from its call on."""
    return lambda: monkeypatch.setattr(redis_store, "FETCH_SECONDS", 20.0)


def reply(seed: int) -> bytes:
    """An engine's answer to it."""
    return ANSWER.replace(b"So.", b"So %d." % seed)


class Router:
    """A cache on the shared store, with a clock that can be moved forward."""

    def __init__(self, server: Server, ttl: float) -> None:
        self.later = 0.0
        self.store = RedisAnswerStore(
            redis_store.connect(server.url), StoreClocks(own=self.now, wall=asyncio.get_running_loop().time), ""
        )
        self.cache: ResponseCache = cache(ttl_seconds=ttl)
        self.cache.elsewhere = self.store

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.later

    async def send_lookup(self, seed: int = 0, *, stream: bool = False) -> Client:
        """A client that knows its outcome: hit, lead or follow."""
        lookup = enquiry({**CHAT, "seed": seed, "stream": stream})
        client = followed(self.cache, Client(), lookup)
        await until(lambda: bool(client.received))
        return client

    async def fills(self, seed: int = 0) -> None:
        """Look up, answer from an engine, and store."""
        client, written = await self.send_lookup(seed), self.store.counts.written
        assert client.flight is not None
        answer(client.flight, reply(seed), now=self.now())
        await until(lambda: self.store.counts.written > written)


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def routers(server: Server, ttl: float = 60.0) -> AsyncIterator[tuple[Router, Router]]:
    one, two = Router(server, ttl), Router(server, ttl)
    one.store.start()
    two.store.start()
    try:
        yield one, two
    finally:
        await one.store.close()
        await two.store.close()


def story(action: Callable[[], Awaitable[None]]) -> None:
    async def whole() -> None:
        await action()

    uvloop.run(whole())


def test_what_one_router_keeps_another_gives_byte_for_byte(server: Server, unhurried: Callable[[], None]) -> None:
    unhurried()

    async def scenario() -> None:
        async with routers(server) as (one, two):
            await one.fills()
            streamed = await one.send_lookup(stream=True)
            assert streamed.flight is not None
            answer(streamed.flight, b"".join(STREAM), STREAMED, one.now())
            await until(lambda: one.store.counts.written == 2)
            plain, events = await two.send_lookup(), await two.send_lookup(stream=True)
            assert (plain.body, events.body) == (reply(0), b"".join(STREAM))
            assert (plain.received, two.store.counts.hits) == (["head", "body", "end"], 2)

    story(scenario)


def test_the_store_itself_forgets_in_time(server: Server) -> None:
    async def scenario() -> None:
        async with routers(server, ttl=2.0) as (one, two), Redis.from_url(server.url) as looking:
            await one.fills()
            (name,) = await looking.keys("fairlead:cache:*")
            assert 0 < await looking.pttl(name) <= 2000
            async with asyncio.timeout(10):
                while await looking.keys("*"):
                    await asyncio.sleep(0.05)
            assert (await two.send_lookup()).received == ["lead"]

    story(scenario)


def test_a_dead_store_delays_no_request_and_is_used_again_when_it_is_back(
    server: Server, unhurried: Callable[[], None]
) -> None:
    async def scenario() -> None:
        async with routers(server) as (one, two):
            await one.fills()
            server.stop()
            for seed in range(1, MAX_FAILURES + 1):
                assert (await two.send_lookup(seed)).received == ["lead"]
            assert two.store.outage.over_there
            server.start()
            unhurried()
            two.later = REST_SECONDS
            await two.fills(9)
            one.later = REST_SECONDS
            assert (await one.send_lookup(9)).body == reply(9)

    story(scenario)


def test_a_store_that_stopped_answering_is_not_waited_for(server: Server) -> None:
    async def scenario() -> None:
        async with routers(server) as (one, two):
            await one.fills()
            server.signal(signal.SIGSTOP)
            assert (await two.send_lookup()).received == ["lead"]
            assert two.store.counts.slow == 1
            server.signal(signal.SIGCONT)
            assert (await one.send_lookup(7)).received == ["lead"]

    story(scenario)


def test_after_a_lookup_was_given_up_no_late_answer_is_taken_for_another(
    server: Server, unhurried: Callable[[], None]
) -> None:
    async def scenario() -> None:
        async with routers(server) as (one, two):
            await one.fills(1)
            await two.fills(2)
            server.signal(signal.SIGSTOP)
            assert (await two.send_lookup(1)).received == ["lead"]
            server.signal(signal.SIGCONT)
            unhurried()
            for seed in range(20, 40):
                assert (await two.send_lookup(seed)).received == ["lead"]
            assert (await one.send_lookup(2)).body == reply(2)

    story(scenario)

"""Clients that read slowly or pause: only they wait; their engine, its connections and all others are not blamed."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from fairlead.router import client_connection, drain, upstream_requests
from fairlead.router.client_connection import ClientConnection
from fairlead.router.drain import DrainPace
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.router import Router
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing import watchdog
from fairlead.routing.endpoint import Endpoint
from tests.router.hanging_engine import SHORT, Hanging
from tests.router.planes import (
    HOST,
    PROMPT,
    STREAM,
    Plane,
    Raw,
    answering,
    plane,
    posted,
    run_story,
    whole,
    written,
)
from tests.router.test_engine_requests import ANSWER
from tests.router.test_faults import listening

LARGE: Final = whole(b"x" * 200_000)
"""Less than a router buffers for a client."""


class Pausing(upstream_requests.UpstreamRequest):
    """Stops reading whenever it gets something, as for a client whose buffer is full."""

    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:
        super().data_received(upstream, data)
        upstream.pause_reading()


def test_a_connection_whose_last_bytes_filled_a_clients_buffer_serves_the_next_request() -> None:
    async def story() -> None:
        async with Raw(ANSWER, ANSWER).listening() as engine:
            pool = UpstreamPool(Endpoint("a", engine.address, 0), HeadCache(), RouterCounters(()))
            message = upstream_requests.upstream_message(pool, b"POST", b"/v1/completions", b"{}")
            first = Pausing()
            pool.send(first, message, asyncio.get_running_loop().time())
            assert (await first.answer()).status == 200
            answer = await upstream_requests.fetch(pool, message, 1)
            assert (answer.status, engine.connections) == (200, 1)
            pool.close()

    run_story(story())


SHORT_ONES: Final = {"firstTokenSeconds": 0.3, "betweenTokensSeconds": 0.3}


def test_an_engine_is_not_at_fault_while_a_client_takes_nothing_of_its_stream(tmp_path: Path) -> None:
    """The time-outs are short only meanwhile: a busy machine may need longer for a token."""

    async def story() -> None:
        endless = Hanging(0.0)
        async with answering(endless.answer) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            async with slow_client(router, endless) as reader:
                written(tmp_path, [address], ["short"], timeouts=SHORT_ONES)
                await until_served(router, "short")
                await reader.readexactly(20_000_000)
                await asyncio.sleep(1.0)
                (engine,) = await router.endpoints()
                assert (engine["state"], engine["inflight"], engine["failures"]) == ("routable", 1, 0)
                written(tmp_path, [address], ["long"])
                await until_served(router, "long")
                await reader.readexactly(20_000_000)

    run_story(story())


async def until_served(router: Plane, model: str) -> None:
    """Wait until the configuration with this model is in force."""
    served: list[str] = []
    while served != [model]:
        await asyncio.sleep(0.005)
        async with router.session.get(router.url + "/v1/models") as answer:
            served = [card["id"] for card in (await answer.json())["data"]]


@asynccontextmanager
async def slow_client(router: Plane, engine: Hanging) -> AsyncIterator[asyncio.StreamReader]:
    """A client that takes the beginning of a large stream, and no more: all buffers on its way are full."""
    reader, writer = await asyncio.open_connection(HOST, router.port)
    writer.write(posted(STREAM | {"prompt": "large"}))
    await reader.readuntil(b"data: ")
    before = -1
    while engine.events != before:
        before = engine.events
        await asyncio.sleep(0.2)
    yield reader
    writer.close()


@pytest.mark.interpreted
def test_a_hung_engine_loses_its_other_requests_in_time_while_a_slow_client_reads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        stuck, well = Hanging(0.0), Hanging(0.0)
        async with AsyncExitStack() as stack:
            addresses = [await stack.enter_async_context(answering(one.answer)) for one in (stuck, well)]
            router = await stack.enter_async_context(plane(written(tmp_path, addresses[:1])))
            await router.until("routable")
            assert (await router.complete(STREAM))[0] == 200
            await stack.enter_async_context(slow_client(router, stuck))
            stuck.hangs.set()
            waiting = asyncio.create_task(router.complete(STREAM))
            while not stuck.waiting:
                await asyncio.sleep(0.002)
            written(tmp_path, addresses)
            await router.until("routable", "routable")
            monkeypatch.setattr(watchdog, "FLOOR_SECONDS", 0.3)
            assert await waiting == (200, SHORT.decode())

    run_story(story())


@pytest.mark.interpreted
def test_a_request_after_a_slow_clients_is_measured_from_its_own_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "FLOOR_SECONDS", 1.0)

    async def story() -> None:
        engine = Hanging(0.0)
        async with answering(engine.answer) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            assert (await router.complete(STREAM))[0] == 200
            engine.seconds = 0.1
            async with slow_client(router, engine):
                await asyncio.sleep(2 * watchdog.FLOOR_SECONDS)
                assert await router.complete(STREAM) == (200, SHORT.decode())
            assert await router.metric('fairlead_router_ejections_total{by="watchdog"}') <= 0

    run_story(story())


@asynccontextmanager
async def unread_answer(request: bytes, *others: bytes) -> AsyncIterator[tuple[Router, "SlowClient"]]:
    """A router that has all of an answer, and its client, which takes none of it yet; kernels buffer little. Its engine
    has other answers for further requests."""
    loop = asyncio.get_running_loop()
    async with listening(Raw(LARGE, *others)) as (router, port):
        with socket.socket() as connected:
            connected.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**14)
            connected.setblocking(False)
            await loop.sock_connect(connected, (HOST, port))
            while not router.context.clients:
                await asyncio.sleep(0.002)
            (here,) = router.context.clients
            assert isinstance(here, ClientConnection)
            assert here.transport is not None
            here.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**14)
            await loop.sock_sendall(connected, request)
            while not here.unread or router.context.telemetry.counts.inflight:
                await asyncio.sleep(0.002)
            yield router, SlowClient(connected)
        while router.context.clients:
            await asyncio.sleep(0.002)


class SlowClient:
    """The client's side of the connection."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._text = bytearray()

    async def send(self, request: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._socket, request)

    async def read(self, most: int) -> bytes:
        piece = await asyncio.get_running_loop().sock_recv(self._socket, most)
        self._text += piece
        return piece

    async def has_all(self, answers: int = 1) -> bool:
        """Read on, and return whether so many large answers arrived whole."""
        while self._text.count(b"x") < answers * LARGE.count(b"x"):
            if not await self.read(2**20):
                return False
        return True


CLOSING: Final = posted(PROMPT)
KEPT: Final = CLOSING.replace(b"Connection: close\r\n", b"")


@pytest.mark.parametrize(("request_bytes", "seconds"), [(CLOSING, 10), (KEPT, 80)], ids=["close", "keep-alive"])
def test_a_slow_client_gets_its_whole_answer_before_its_connection_is_closed(
    request_bytes: bytes, seconds: float
) -> None:
    async def story() -> None:
        async with unread_answer(request_bytes) as (router, slow):
            (here,) = router.context.clients
            assert here.unread
            here.sweep(router.context.now() + seconds)
            here.sweep(router.context.now() + 10)
            assert await slow.has_all()

    run_story(story())


def test_a_client_that_reads_none_of_its_answers_gets_no_further_ones() -> None:
    """Or it could fill the router's memory over one connection."""

    async def story() -> None:
        async with unread_answer(KEPT, LARGE, LARGE) as (router, slow):
            (here,) = router.context.clients
            assert isinstance(here, ClientConnection)
            assert here.transport is not None
            await slow.send(KEPT)
            while not here.paused or router.context.telemetry.counts.inflight:
                await asyncio.sleep(0.002)
            await slow.send(KEPT)
            for _ in range(50):
                await asyncio.sleep(0.002)
            assert here.transport.get_write_buffer_size() < 2 * len(LARGE)
            assert await slow.has_all(answers=3)

    run_story(story())


def test_a_client_that_never_reads_the_rest_of_its_answer_is_cut() -> None:
    async def story() -> None:
        async with unread_answer(CLOSING) as (router, slow):
            (here,) = router.context.clients
            here.sweep(router.context.now() + client_connection.STALL_SECONDS + 1)
            assert not await slow.has_all()

    run_story(story())


def test_a_router_that_leaves_waits_for_what_a_slow_client_has_yet_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "GOODBYE_SECONDS", 0.02)

    async def story() -> None:
        async with unread_answer(KEPT) as (router, slow):
            leaving = asyncio.create_task(drain.drain(router, lambda: None, DrainPace(linger_seconds=0.0)))
            await asyncio.sleep(0.2)
            assert not leaving.done()
            assert await slow.has_all()
            await leaving

    run_story(story())


def test_a_router_that_leaves_does_not_wait_for_ever_for_a_client_that_reads_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(drain, "LAST_BYTES_SECONDS", 0.1)

    async def story() -> None:
        async with unread_answer(KEPT) as (router, _):
            await drain.drain(router, lambda: None, DrainPace(linger_seconds=0.0))
            (here,) = router.context.clients
            assert here.unread
            here.abort()

    run_story(story())

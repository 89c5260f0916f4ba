"""A fault of the router's own costs the request it hits, and no other; nothing of it stays behind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointState
from fairlead.router.client_connection import ClientConnection
from fairlead.router.config.loader import RouterConfig
from fairlead.router.exchange import Exchange
from fairlead.router.router import Router
from tests.router.planes import HOST, PROMPT, STREAM, Raw, events, posted, run_story, whole
from tests.router.test_engine_requests import ANSWER, DELTA
from tests.router.test_sharing_rates import made


def fails(*_: Any) -> NoReturn:  # noqa: ANN401 - whatever it is called with
    raise ValueError("nobody thought of this")


@asynccontextmanager
async def listening(engine: Raw) -> AsyncIterator[tuple[Router, int]]:
    """A router without a sweeper, with its one engine proved; and its port."""
    async with engine.listening():
        router = made(RouterConfig(endpoints=(engine.address,)))
        server = await asyncio.get_running_loop().create_server(lambda: ClientConnection(router), HOST, 0)
        router.sole.dispatcher.table.apply_discovered((DiscoveredEndpoint(pod="a", address=engine.address),))
        (endpoint,) = router.sole.dispatcher.table.endpoints
        while endpoint.state is not EndpointState.ROUTABLE:
            await asyncio.sleep(0.002)
        try:
            yield router, server.sockets[0].getsockname()[1]
        finally:
            server.close()
            await router.close()


async def answer(port: int, body: dict[str, Any]) -> bytes:
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(posted(body))
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def nothing_left(router: Router) -> bool:
    (endpoint,) = router.sole.dispatcher.table.endpoints
    load = (endpoint.inflight, endpoint.prompt_load, endpoint.reply_load, router.sole.dispatcher.inflight)
    return not router.context.live and load == (0, 0, 0, 0) and router.context.telemetry.counts.inflight == 0


@pytest.mark.parametrize("where", ["submit", "unserved"])
@pytest.mark.interpreted
def test_a_fault_before_any_attempt_is_a_500(where: str) -> None:
    async def story() -> None:
        async with listening(Raw(ANSWER)) as (router, port):
            well = getattr(router.sole.dispatcher, where)
            setattr(router.sole.dispatcher, where, fails)
            reply = await answer(port, PROMPT)
            assert reply.startswith(b"HTTP/1.1 500")
            assert b'"code": "router_fault"' in reply
            assert nothing_left(router)
            setattr(router.sole.dispatcher, where, well)
            assert (await answer(port, PROMPT)).startswith(b"HTTP/1.1 200")

    run_story(story())


@pytest.mark.interpreted
def test_once_an_answer_has_begun_its_connection_ends(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        engine = Raw(events(DELTA), ANSWER)
        async with listening(engine) as (router, port):
            well = router.sole.dispatcher.first_token
            router.sole.dispatcher.first_token = fails  # type: ignore[assignment, method-assign]  # a fault, wherever it may come from
            assert b"[DONE]" not in await answer(port, STREAM) or nothing_left(router)
            assert nothing_left(router)
            router.sole.dispatcher.first_token = well  # type: ignore[method-assign]
            assert (await answer(port, PROMPT)).startswith(b"HTTP/1.1 200")

    run_story(story())
    assert "internal error, re" in caplog.text


def test_while_it_waits_its_place_is_given_back() -> None:
    async def story() -> None:
        async with listening(Raw(ANSWER)) as (router, port):
            router.sole.dispatcher.table.apply_discovered(())
            waiting = asyncio.create_task(answer(port, PROMPT))
            while not router.sole.dispatcher.waiting:
                await asyncio.sleep(0.002)
            (exchange,) = router.context.live
            assert isinstance(exchange, Exchange)
            exchange.internal_error()
            exchange.internal_error()
            assert (await waiting).startswith(b"HTTP/1.1 500")
            assert (
                router.sole.dispatcher.waiting,
                router.context.live,
                router.context.telemetry.counts.inflight,
            ) == (0, set(), 0)

    run_story(story())


def test_an_ending_that_comes_twice_is_a_fault_and_no_second_ending() -> None:
    async def story() -> None:
        async with listening(Raw(ANSWER)) as (router, port):
            router.sole.dispatcher.table.apply_discovered(())
            waiting = asyncio.create_task(answer(port, PROMPT))
            while not router.sole.dispatcher.waiting:
                await asyncio.sleep(0.002)
            (exchange,) = router.context.live
            assert isinstance(exchange, Exchange)
            exchange.internal_error()
            with pytest.raises(AssertionError, match="ended twice"):
                exchange.over(200, router.context.now())
            await waiting

    run_story(story())


@pytest.mark.interpreted
def test_a_page_that_fails_is_a_500_too() -> None:
    async def story() -> None:
        async with listening(Raw(whole(b"{}"))) as (router, port):
            router.cards = fails  # type: ignore[method-assign]
            reader, writer = await asyncio.open_connection(HOST, port)
            writer.write(b"GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert (await reader.read()).startswith(b"HTTP/1.1 500")
            writer.close()

    run_story(story())

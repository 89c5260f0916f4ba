"""What requests did not use goes back to the router that keeps a tenant's rates, once at most, and hangs nothing."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.gateways import RoutingSettings
from fairlead.router import owed_returns
from fairlead.routing.accounts import Accounts
from fairlead.routing.dispatcher_config import DispatcherConfig
from tests.router.planes import HOST, run_story, whole
from tests.router.test_permit_requests import HOME, Peers

OWED = (2, 700)
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class OneTenant:
    """A tenant that is owed something by the other router."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.accounts.take(DispatcherConfig(routing=RoutingSettings()), 0.0)
        (self.account,) = self.accounts.all
        self.account.home = HOME
        self.account.owe(*OWED)

    @property
    def owed(self) -> tuple[int, int]:
        """What is owed now."""
        return self.account.owed_requests, self.account.owed_tokens


class Home:
    """The other router."""

    def __init__(self, answer: Answer) -> None:
        self.heads: list[bytes] = []
        self.ended = asyncio.Event()
        self._answer = answer

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a head, and do as it was made to."""
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        await self._answer(reader, writer)
        await reader.read()
        writer.close()
        self.ended.set()


@asynccontextmanager
async def returning(answer: Answer) -> AsyncIterator[tuple[Home, Peers, OneTenant]]:
    """A router that sweeps once, and the one that keeps the rates."""
    home, tenant = Home(answer), OneTenant()
    async with await asyncio.start_server(home.serve, HOST, 0) as server:
        peers = Peers(tenant.accounts)
        peers.port = server.sockets[0].getsockname()[1]
        peers.take([DiscoveredEndpoint(pod=HOME, address=f"{HOST}:8080")])
        peers.sweep(0.0, 1.0)
        yield home, peers, tenant
        peers.close()


def saying(page: bytes) -> Answer:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(page)

    return answer


async def silence(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """No answer."""


async def until(seen: Callable[[], bool]) -> None:
    while not seen():
        await asyncio.sleep(0.002)


def test_it_is_returned_once() -> None:
    async def story() -> None:
        async with returning(saying(whole(b"{}"))) as (home, peers, tenant):
            await until(lambda: bool(home.heads))
            assert b"owedRequests=2&owedTokens=700 " in home.heads[0]
            peers.sweep(1.0, 1.0)
            await asyncio.sleep(0.02)
            assert (len(home.heads), tenant.owed, peers.silences) == (1, (0, 0), [])

    run_story(story())


def test_what_did_not_reach_the_other_router_is_returned_later(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        tenant = OneTenant()
        peers = Peers(tenant.accounts)
        async with await asyncio.start_server(silence, HOST, 0) as server:
            peers.port = server.sockets[0].getsockname()[1]
        peers.take([DiscoveredEndpoint(pod=HOME, address=f"{HOST}:8080")])  # nobody listens there any more
        peers.sweep(0.0, 1.0)
        await until(lambda: bool(peers.silences))
        assert tenant.owed == OWED
        peers.close()

    with caplog.at_level(logging.ERROR):
        run_story(story())
    assert not caplog.records, "and asyncio has no exception that was never retrieved"


def test_a_router_that_hangs_is_avoided_and_what_it_may_have_read_is_not_returned_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(owed_returns, "ANSWERED_WITHIN_S", 0.05)

    async def story() -> None:
        async with returning(silence) as (home, peers, tenant):
            await asyncio.wait_for(home.ended.wait(), 10)
            assert (tenant.owed, peers.silences) == ((0, 0), [HOME])

    run_story(story())


def test_a_router_that_answers_with_an_error_is_avoided() -> None:
    async def story() -> None:
        error = b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"
        async with returning(saying(error)) as (_, peers, tenant):
            await until(lambda: bool(peers.silences))
            assert (tenant.owed, peers.silences) == ((0, 0), [HOME])

    run_story(story())

"""A router that keeps a tenant's rates answers a permit request with anything at all; the request goes on."""

import asyncio

import pytest

from fairlead.router.observability.counters import RouterCounters
from fairlead.router.permit_requests import PermitRequest
from fairlead.router.router_peers import RouterPeers, permit_message
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing import admission, permits
from fairlead.routing.accounts import OPEN, Account, Accounts
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.rates import RateBucket
from fairlead.routing.routing_request import RoutingRequest
from tests.documents.hostile import DEEP, HOSTILE
from tests.router.planes import run_story, whole

HOME = "router-b"
NO_UTF_8 = b'{"refused": "\xff"}'


class Waiting:
    """A request that waits for a permit."""

    def __init__(self) -> None:
        self.admissions: list[float] = []
        self.bugs = 0

    def admit(self, now: float) -> None:
        """Continue."""
        self.admissions.append(now)

    def internal_error(self) -> None:
        """Called on a router bug."""
        self.bugs += 1


class Peers(RouterPeers):
    """Knows which routers did not answer."""

    def __init__(self, accounts: Accounts | None = None) -> None:
        super().__init__(accounts or Accounts(), HeadCache(), RouterCounters())
        self.silences: list[str] = []

    def silent(self, name: str, now: float) -> None:
        """Avoid it."""
        super().silent(name, now)
        self.silences.append(name)


def answered(page: bytes | None) -> tuple[RoutingRequest, list[str]]:
    """The request after this answer, admitted once, and the routers that are avoided from now on."""
    owner, peers = Waiting(), Peers()
    routing = RoutingRequest(account=Account(tenant=OPEN), prompt_tokens=1, max_output_tokens=1, arrived=0.0)
    PermitRequest(owner, peers, routing, HOME).answered(page)
    assert (len(owner.admissions), owner.bugs) == (1, 0)
    return routing, peers.silences


@pytest.mark.parametrize("page", HOSTILE.values(), ids=HOSTILE)
def test_whatever_the_answer_the_request_is_admitted(page: bytes) -> None:
    routing, _ = answered(page)
    assert routing.permit is None


@pytest.mark.parametrize("page", [None, NO_UTF_8, DEEP, b"", b'{"seconds": "1"}'], ids=range(5))
def test_what_is_no_permit_is_no_answer_and_the_own_share_of_the_rate_is_used(page: bytes | None) -> None:
    routing, avoided = answered(page)
    assert (routing.permit, avoided) == (None, [HOME])


def test_a_router_that_answered_with_a_permit_is_asked_again() -> None:
    assert answered(b'{"seconds": 0.0}')[1] == []


@pytest.mark.parametrize(
    ("page", "owed"),
    [(b'{"seconds": 0.0}', (1, 500)), (b'{"seconds": 9.0, "refused": "token_rate"}', (0, 0)), (None, (0, 0))],
    ids=["granted", "refused", "silent"],
)
def test_what_another_router_grants_to_a_request_whose_client_left_is_owed_to_its_tenant(
    page: bytes | None, owed: tuple[int, int]
) -> None:
    owner, account = Waiting(), Account(tenant=OPEN)
    account.requests, account.tokens = RateBucket(60, 60, 0.0), RateBucket(1000, 1000, 0.0)
    routing = RoutingRequest(account=account, prompt_tokens=1, max_output_tokens=1, arrived=0.0, expected_tokens=500)

    async def story() -> None:
        permit = PermitRequest(owner, Peers(), routing, HOME)
        permit.leave()
        permit.answered(page)

    run_story(story())
    assert (account.owed_requests, account.owed_tokens) == owed
    assert (owner.admissions, owner.bugs, routing.reserved_tokens) == ([], 0, 0)


@pytest.mark.parametrize(
    ("page", "owed"),
    [(b'{"seconds": 0.0}', (1, 500)), (b'{"seconds": 9.0, "refused": "token_rate"}', (0, 0)), (b"none", (0, 0))],
    ids=["granted", "refused", "nothing"],
)
def test_what_another_router_grants_too_late_is_owed_to_the_tenant(page: bytes, owed: tuple[int, int]) -> None:
    """A router that stands still has the request in its socket, and charges the tenant once it goes on."""

    async def story() -> None:
        stands, ended = asyncio.Event(), asyncio.Event()

        async def grant(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await stands.wait()
            writer.write(whole(page))
            await reader.read()
            writer.close()
            ended.set()

        async with await asyncio.start_server(grant, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            pool = UpstreamPool(Endpoint(HOME, f"{host}:{port}", 0), HeadCache(), RouterCounters())
            owner, peers, account = Waiting(), Peers(), Account(tenant=OPEN)
            account.requests, account.tokens = RateBucket(60, 60, 0.0), RateBucket(1000, 1000, 0.0)
            routing = RoutingRequest(account=account, prompt_tokens=1, max_output_tokens=1, arrived=0.0)
            routing.expected_tokens = 500
            permit = PermitRequest(owner, peers, routing, HOME)
            permit.send(pool, permit_message(pool, account, 500), 0.0)
            permit.give_up()
            assert (len(owner.admissions), peers.silences[:1]) == (1, [HOME])
            admission.charge(routing, permits.take(account, 500, 0.0))
            stands.set()
            while permit.upstream is not None:
                await asyncio.sleep(0.001)
            pool.close()
            await asyncio.wait_for(ended.wait(), 10)
            assert (account.owed_requests, account.owed_tokens) == owed
            assert (len(owner.admissions), owner.bugs) == (1, 0)
            assert routing.reserved_tokens == 500, "its own charge is another one"

    run_story(story())


def test_a_router_that_stays_silent_keeps_nothing_of_a_request_whose_client_left() -> None:
    async def story() -> None:
        ended = asyncio.Event()

        async def hang(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()  # to the end: the head, and then the connection
            writer.close()
            ended.set()

        async with await asyncio.start_server(hang, "127.0.0.1", 0) as server:
            host, port = server.sockets[0].getsockname()
            pool = UpstreamPool(Endpoint(HOME, f"{host}:{port}", 0), HeadCache(), RouterCounters())
            account, peers = Account(tenant=OPEN), Peers()
            routing = RoutingRequest(account=account, prompt_tokens=1, max_output_tokens=1, arrived=0.0)
            permit = PermitRequest(Waiting(), peers, routing, HOME)
            permit.send(pool, permit_message(pool, account, 1), 0.0)
            permit.leave()
            await asyncio.wait_for(ended.wait(), 10)
            assert (permit.upstream, peers.silences) == (None, [HOME])

    run_story(story())

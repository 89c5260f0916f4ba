"""A permit request to the router that keeps a tenant's rates: sent before admission, over the metrics port."""

import asyncio
from dataclasses import replace
from time import monotonic
from typing import Final, Protocol

import msgspec

from fairlead.router import router_peers
from fairlead.router.attempt import Inquiry
from fairlead.router.router_peers import RouterPeers
from fairlead.routing import admission
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.rate_permits import Permit
from fairlead.routing.routing_request import RoutingRequest

TIMEOUT_SECONDS: Final = 0.25
"""A router answers from memory, within a millisecond."""
LATE_SECONDS: Final = 2.0
"""How long its answer is waited for alone: a router that stood still reads what came meanwhile, and charges it."""
_ANSWERS: Final = msgspec.json.Decoder(Permit)


class PermittedRequest(Protocol):
    """The owner of a request that waits for a permit."""

    def admit(self, now: float) -> None:
        """Continue with the permit, or with this router's own share of the rate."""

    def internal_error(self) -> None:
        """Called on a router bug."""


def start(
    owner: PermittedRequest, peers: RouterPeers, dispatcher: Dispatcher, routing: RoutingRequest, now: float
) -> "PermitRequest | None":
    """Request a permit; None if this router keeps the rates itself or uses its own share of them."""
    home = routing.account.home
    if home is None:
        return None
    pool = peers.pool(home, now)
    if pool is None:
        return None
    dispatcher.count_cost(routing)
    permit = PermitRequest(owner, peers, routing, home)
    permit.send(pool, router_peers.permit_message(pool, routing.account, admission.rated_tokens(routing)), now)
    return permit


class PermitRequest(Inquiry):
    """One request's permit request, until the router that keeps its tenant's rates answers or is given up on."""

    __slots__ = ("_home", "_left", "_owner", "_peers", "_routing")

    def __init__(self, owner: PermittedRequest, peers: RouterPeers, routing: RoutingRequest, home: str) -> None:
        super().__init__()
        self._owner = owner
        self._peers = peers
        self._routing = routing
        self._home = home
        self._left = False
        """Its request is over, or went on without it. The other router charges the tenant nevertheless; the next permit
        request returns it."""

    def answered(self, page: bytes | None) -> None:
        """Admit with the permit in the answer."""
        permit = None if page is None else _permit(page)
        if permit is None:
            self.give_up()
            return
        admission.charge(self._routing, permit)
        if self._left:
            admission.refund(self._routing)
        else:
            self._owner.admit(monotonic())

    def give_up(self) -> None:
        """Use this router's own share of the rate; what the other one grants too late is owed to the tenant."""
        now = monotonic()
        self._peers.silent(self._home, now)
        if self._left:
            self.abort()
            return
        if self.upstream is not None:
            self._routing = replace(self._routing, owner=None)
            self.leave()
        self._owner.admit(now)

    def leave(self) -> None:
        """Wait for the answer alone: what it grants is owed to the tenant."""
        self._left = True
        asyncio.get_running_loop().call_later(LATE_SECONDS, self._end_wait)

    def _end_wait(self) -> None:
        if self.upstream is not None:
            self.give_up()

    def internal_error(self) -> None:
        """Report a router bug."""
        if not self._left:
            self._owner.internal_error()


def _permit(page: bytes) -> Permit | None:
    try:
        found = _ANSWERS.decode(page)
    except (ValueError, RecursionError):  # no permit, no UTF-8, or too many levels
        return None
    return msgspec.structs.replace(found, away=True)

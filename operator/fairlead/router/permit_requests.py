"""Permit requests to the router that keeps a tenant's rates: sent before admission, over the metrics port.

A router that does not answer in time is avoided for a while; until then this one uses its own share of the rate, so
that a lost router costs precision and no request. Only other routers get permits; their addresses identify them.
"""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote

import msgspec

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router import rate_limit_headers, upstream_requests
from fairlead.router.upstream_connection import UpstreamConnection, UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.routing import admission, permits
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.rates import Permit

if TYPE_CHECKING:
    from fairlead.router.exchange import Exchange
    from fairlead.router.router import Router

log = logging.getLogger(__name__)

PATH: Final = b"/fairlead/v1/permits"
PORT: Final = 9090
TIMEOUT_SECONDS: Final = 0.25
"""A router answers from memory, within a millisecond."""
AVOIDED_SECONDS: Final = 5.0
_ANSWERS: Final = msgspec.json.Decoder(Permit)
_LARGEST: Final = 10**12


class RouterPeers:
    """The other routers of the same deployment."""

    def __init__(self, router: "Router") -> None:
        self.port = PORT
        """The metrics port, which is the same for all routers of a deployment."""
        self._router = router
        self._pools: dict[str, UpstreamPool] = {}
        self._avoided: dict[str, float] = {}
        self.addresses: frozenset[str] = frozenset()

    def take(self, seen: Iterable[DiscoveredEndpoint]) -> None:
        """Apply the list of routers, this one among them; connections to those that are gone are closed."""
        found = {one.pod: one.address.rpartition(":")[0] for one in seen}
        self.addresses = frozenset(host.strip("[]") for host in found.values())
        for name in [one for one, pool in self._pools.items() if pool.endpoint.address != self._address(found, one)]:
            self._pools.pop(name).close()
        for name in found.keys() - self._pools.keys():
            endpoint = Endpoint(pod=name, address=self._address(found, name), slot=0)
            self._pools[name] = UpstreamPool(endpoint, self._router.memory, self._router.teller.counts)

    def pool(self, name: str, now: float) -> UpstreamPool | None:
        """The connections to this router; nothing where it is unknown or avoided."""
        return None if now < self._avoided.get(name, 0.0) else self._pools.get(name)

    def silent(self, name: str, now: float) -> None:
        """Avoid a router that did not answer."""
        self._avoided[name] = now + AVOIDED_SECONDS
        log.warning("router %s keeps tenants' rates and does not answer; this one goes by its own part of them", name)

    def sweep(self, now: float, connect_seconds: float) -> None:
        """Return what requests did not use, and close idle connections."""
        for account in self._router.desk.accounts.all:
            if account.home is not None and (account.owed_requests or account.owed_tokens):
                pool = self.pool(account.home, now)
                if pool is not None:
                    pool.send(upstream_requests.UpstreamRequest(), _permit_message(pool, account, None), now)
        for pool in self._pools.values():
            pool.sweep(now, connect_seconds)

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _address(self, found: dict[str, str], name: str) -> str:
        return f"{found.get(name, '')}:{self.port}"


class PermitRequest:
    """The permit request of one exchange, until the owner of its tenant's rates answers or is given up on."""

    __slots__ = ("_exchange", "_home", "_pieces", "_upstream")

    def __init__(self, exchange: "Exchange", home: str) -> None:
        self._exchange = exchange
        self._home = home
        self._pieces: list[bytes] = []
        self._upstream: UpstreamConnection | None = None

    def begin(self, pool: UpstreamPool, now: float) -> None:
        """Send the request; it also returns what is owed."""
        exchange = self._exchange
        exchange.due = now + TIMEOUT_SECONDS
        exchange.router.desk.count_cost(exchange.ask)
        self._upstream = pool.send(self, _permit_message(pool, exchange.ask.account, exchange.ask.cost), now)

    def came(self, upstream: UpstreamConnection, data: bytes) -> None:  # noqa: ARG002 - the interface's
        """A part of the answer."""
        self._pieces.append(upstream.reader.payload)

    def whole(self, upstream: UpstreamConnection) -> None:
        """The answer is complete."""
        self._upstream = None
        head = upstream.reader.head
        permit = _permit(b"".join(self._pieces)) if head is not None and head.status == 200 else None
        if permit is None:
            self.give_up()
            return
        admission.charge(self._exchange.ask, permit)
        self._go_on()

    def lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """The connection was lost."""
        self._upstream = None
        self.give_up()

    def broke(self) -> None:
        """A bug of the router."""
        self._exchange.broke()

    def give_up(self) -> None:
        """Use this router's own share of the rate."""
        self._exchange.router.peers.silent(self._home, self._exchange.router.now())
        self._go_on()

    def stop(self) -> None:
        """Abort the request: its result is not needed any more."""
        self._exchange.counting = None
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()

    def _go_on(self) -> None:
        self.stop()
        admit(self._exchange, self._exchange.router.now())


def ask(exchange: "Exchange", now: float) -> None:
    """Ask the dispatcher for an endpoint, with a permit first where another router keeps the tenant's rates."""
    home = exchange.ask.account.home
    pool = None if home is None else exchange.router.peers.pool(home, now)
    if home is None or pool is None:
        admit(exchange, now)
        return
    permitting = exchange.counting = PermitRequest(exchange, home)
    permitting.begin(pool, now)


def admit(exchange: "Exchange", now: float) -> None:
    """Ask the dispatcher for an endpoint; headers show clients what remains of their rates."""
    found = exchange.router.desk.ask(exchange.ask, now)
    permit = exchange.ask.permit
    if permit is not None:
        exchange.extra += rate_limit_headers.lines(permit)
    exchange.settle(found, now)


def answer(router: "Router", query: bytes, now: float) -> dict[str, Any] | None:
    """The answer to another router's permit request; nothing where the tenant is unknown here."""
    asked = {name: values[-1] for name, values in parse_qs(query.decode("latin-1"), strict_parsing=False).items()}
    account = router.desk.accounts.named(asked.get("tenant", ""))
    if account is None:
        return None
    permits.give_back(account, _number(asked, "owedRequests"), _number(asked, "owedTokens"))
    if "cost" not in asked:
        return msgspec.to_builtins(Permit())  # type: ignore[no-any-return]  # of a dataclass it is a dict
    return msgspec.to_builtins(permits.take(account, _number(asked, "cost"), now))  # type: ignore[no-any-return]


def _permit_message(pool: UpstreamPool, account: Account, cost: int | None) -> UpstreamMessage:
    owed = f"owedRequests={account.owed_requests}&owedTokens={account.owed_tokens}"
    account.owed_requests = account.owed_tokens = 0
    what = "" if cost is None else f"&cost={cost}"
    path = f"{PATH.decode()}?tenant={quote(account.name, safe='')}&{owed}{what}"
    return upstream_requests.upstream_message(pool, b"GET", path.encode())


def _permit(page: bytes) -> Permit | None:
    try:
        found = _ANSWERS.decode(page)
    except msgspec.DecodeError:
        return None
    found.away = True  # type: ignore[misc]  # read-only to others
    return found


def _number(asked: dict[str, str], name: str) -> int:
    try:
        found = int(asked.get(name, "0"))
    except ValueError:
        return 0
    return max(-_LARGEST, min(_LARGEST, found))

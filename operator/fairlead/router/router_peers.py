"""The other routers of the same deployment: one of them keeps a tenant's rates, and the others send it permit requests.

A router that does not answer in time is avoided for a while, during which this one uses its own share of the rate, so
that a lost router costs precision and no request. Only other routers get permits, identified by their addresses.
"""

import logging
from collections.abc import Iterable
from time import monotonic
from typing import Any, Final
from urllib.parse import parse_qs, quote

import msgspec

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router import upstream_requests
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.owed_returns import OwedReturn
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing import permits
from fairlead.routing.accounts import Account, Accounts
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.rate_permits import Permit

log = logging.getLogger(__name__)

PATH: Final = b"/fairlead/v1/permits"
PORT: Final = 9090
AVOIDED_SECONDS: Final = 5.0
_LARGEST: Final = 10**12


class RouterPeers:
    """The connections to the other routers, and which routers are avoided."""

    def __init__(self, accounts: Accounts, heads: HeadCache, counters: RouterCounters) -> None:
        self.port = PORT
        """The metrics port, the same for all routers of a deployment."""
        self.addresses: frozenset[str] = frozenset()
        self._accounts = accounts
        self._heads = heads
        self._counters = counters
        self._pools: dict[str, UpstreamPool] = {}
        self._avoided: dict[str, float] = {}

    def take(self, seen: Iterable[DiscoveredEndpoint]) -> None:
        """Apply the list of routers including this one; connections to those that are gone are closed."""
        found = {one.pod: one.address.rpartition(":")[0] for one in seen}
        self.addresses = frozenset(host.strip("[]") for host in found.values())
        for name in [one for one, pool in self._pools.items() if pool.endpoint.address != self._address(found, one)]:
            self._pools.pop(name).close()
        for name in found.keys() - self._pools.keys():
            endpoint = Endpoint(pod=name, address=self._address(found, name), slot=0)
            self._pools[name] = UpstreamPool(endpoint, self._heads, self._counters)

    def pool(self, name: str, now: float) -> UpstreamPool | None:
        """Return the connections to this router; None if it is unknown or avoided."""
        return None if now < self._avoided.get(name, 0.0) else self._pools.get(name)

    def silent(self, name: str, now: float) -> None:
        """Avoid a router that did not answer; of all requests that waited for it, the first one logs that."""
        if now >= self._avoided.get(name, 0.0):
            log.warning("router %s keeps tenants' rates and does not answer; this one uses its own share of them", name)
        self._avoided[name] = now + AVOIDED_SECONDS

    def sweep(self, now: float, connect_seconds: float) -> None:
        """Return what requests did not use, and close idle connections."""
        for account in self._accounts.all:
            if account.home is not None and (account.owed_requests or account.owed_tokens):
                self._return_owed(account, account.home, now)
        for pool in self._pools.values():
            pool.sweep(now, connect_seconds)

    def _return_owed(self, account: Account, home: str, now: float) -> None:
        pool = self.pool(home, now)
        if pool is not None:
            returned = OwedReturn(account, lambda: self.silent(home, monotonic()))
            returned.send(pool, permit_message(pool, account, None), now)

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    def _address(self, found: dict[str, str], name: str) -> str:
        return f"{found.get(name, '')}:{self.port}"


def permit_message(pool: UpstreamPool, account: Account, cost: int | None) -> UpstreamMessage:
    """Create a permit request for `cost` tokens or none; it also returns what is owed to the rates' router."""
    requests, tokens = account.take_owed()
    owed = f"owedRequests={requests}&owedTokens={tokens}"
    what = "" if cost is None else f"&cost={cost}"
    path = f"{PATH.decode()}?tenant={quote(account.name, safe='')}&{owed}{what}"
    return upstream_requests.upstream_message(pool, b"GET", path.encode())


def permit_answer(accounts: Accounts, query: bytes, now: float) -> dict[str, Any] | None:
    """Answer another router's permit request; None if the tenant is unknown here."""
    found = {name: values[-1] for name, values in parse_qs(query.decode("latin-1"), strict_parsing=False).items()}
    account = accounts.named(found.get("tenant", ""))
    if account is None:
        return None
    permits.give_back(account, _number(found, "owedRequests"), _number(found, "owedTokens"))
    if "cost" not in found:
        return msgspec.to_builtins(Permit())  # type: ignore[no-any-return]  # of a struct it is a dict
    return msgspec.to_builtins(permits.take(account, _number(found, "cost"), now))  # type: ignore[no-any-return]


def _number(query: dict[str, str], name: str) -> int:
    try:
        found = int(query.get(name, "0"))
    except ValueError:
        return 0
    return max(-_LARGEST, min(_LARGEST, found))

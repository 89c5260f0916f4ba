"""What all requests of one router share: its configuration, dispatcher, engines, peers, telemetry and cache.

It knows no exchange and no client's connection, which both hold it; what it calls of them is in two small Protocols.
"""

import os
import ssl
from dataclasses import replace
from hashlib import sha256
from itertools import count
from time import monotonic
from typing import Final, Protocol, cast

from fairlead.router import head_facts
from fairlead.router.cache.cache import ResponseCache
from fairlead.router.config.loader import RouterConfig
from fairlead.router.head_facts import HeadFacts
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.routable_revisions import RoutableRevisions
from fairlead.router.router_peers import RouterPeers
from fairlead.router.tls import UpstreamTls
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire import prefix_blocks
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import RequestHead
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.hedge_policy import HedgePolicy
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice

MOST_HEADS: Final = 1024
"""As many heads as `HeadCache` keeps."""


class LiveExchange(Protocol):
    """A request that needed an endpoint and has not ended, as the router's own events reach it."""

    hedge_at: float
    """When to send a hedge, if its first attempt has no first byte by then."""

    def is_at(self, endpoint: Endpoint) -> bool:
        """Whether it is in flight at this endpoint."""

    @property
    def streams(self) -> bool:
        """Whether its reply shows progress."""

    def settle(self, found: Endpoint | Refusal | None, now: float) -> None:
        """Act on the dispatcher's decision."""

    def sweep(self, now: float) -> None:
        """Act on what took too long."""

    def hedge(self, now: float) -> None:
        """Send a hedge, if another endpoint has room and the budget allows."""

    def hung(self, why: str, now: float) -> None:
        """Its endpoint was ejected because it hangs."""

    def abort(self) -> None:
        """Disconnect its client."""


class OpenClient(Protocol):
    """A client's connection, as the router's own events reach it."""

    def sweep(self, now: float) -> None:
        """Cut it if it is slower than allowed."""

    def close(self) -> None:
        """Close it once what was written is sent."""

    def abort(self) -> None:
        """Close it without another byte."""


class RouterContext:
    """The shared state of one router's requests."""

    __slots__ = (
        *("_id_prefix", "_ids", "_prefix", "_turning", "adapters", "cache", "clients", "dispatcher", "draining"),
        *(
            "errors",
            "heads",
            "hedges",
            "hedging",
            "limits",
            "live",
            "memory",
            "peers",
            "pools",
            "revisions",
            "salted",
            "settings",
        ),
        *("telemetry", "timeouts", "tls", "unsalted"),
    )

    def __init__(self, settings: RouterConfig, telemetry: TelemetryRecorder, dispatcher: Dispatcher) -> None:
        self.telemetry = telemetry
        self.dispatcher = dispatcher
        self.draining = False
        self.memory = HeadCache()
        self.hedges = HedgePolicy()
        self.live: set[LiveExchange] = set()
        """Every request that needed an endpoint and has not ended."""
        self.clients: set[OpenClient] = set()
        self.pools: dict[Endpoint, UpstreamPool] = {}
        self.tls = UpstreamTls()
        self.cache = ResponseCache(settings.routing.cache)
        self.revisions = RoutableRevisions()
        self.peers = RouterPeers(dispatcher.accounts, self.memory, telemetry.counts)
        self.heads: dict[RequestHead, HeadFacts] = {}
        """What follows from the heads that were seen lately."""
        self._ids = count(1)
        self._id_prefix = os.urandom(8).hex().encode()
        self._turning = False
        self.apply(settings)

    def apply(self, settings: RouterConfig) -> None:
        """Apply another configuration: requests that run keep what they began with."""
        self.settings = settings
        api = settings.engine_api
        self.errors = api.errors
        self.adapters = api.adapters if settings.adapters else None
        """How requests name adapters, where there are any and their own names say nothing to the engine."""
        routing = settings.routing
        self.timeouts = routing.timeouts
        self.hedging = routing.hedging
        self.limits = RequestLimits(
            head_bytes=routing.door.max_header_bytes, body_bytes=routing.limits.max_request_bytes
        )
        self.salted = routing.balancing.salt
        self.unsalted = api.unsalted if self.salted else frozenset()
        """Routes on which the engine would not separate tenants, where it must."""
        self._prefix = routing.balancing.prefix
        self.heads.clear()
        self.cache.apply(routing.cache)
        self.telemetry.apply(routing.telling, settings.models)

    def now(self) -> float:
        """The current time, for callbacks without a `now` argument."""
        return monotonic()

    def new_id(self) -> bytes:
        """A unique id: random once for the process, then a number."""
        return b"%b%016x" % (self._id_prefix, next(self._ids))

    def head_facts(self, head: RequestHead) -> HeadFacts:
        """What follows from this head, which `heads` has not; kept there until the configuration changes."""
        if len(self.heads) >= MOST_HEADS:
            self.heads.clear()
        account = self.dispatcher.account(None if head.key is None else sha256(head.key).digest())
        found = self.heads[head] = head_facts.of(head, account, self.settings)
        return found

    def blocks(self, prompt: bytes, account: Account, adapter: str | None) -> list[int]:
        """The ids of the prompt's prefix blocks; adapters share none of them, and with salts nor do tenants."""
        if not self._prefix:
            return []
        salt = account.name.encode() if self.salted else b""
        if adapter is not None:
            salt = b"%b\0%b" % (salt, adapter.encode())
        return prefix_blocks.of(prompt, salt)

    def salt_of(self, account: Account) -> bytes:
        """The salt by which engines separate a tenant's prefixes; a hash, so that its name stays here."""
        return b'"%b"' % sha256(b"fairlead:" + account.name.encode()).hexdigest()[:32].encode()

    def pool(self, endpoint: Endpoint) -> UpstreamPool:
        """The connections to this engine."""
        found = self.pools.get(endpoint)
        if found is None:
            counts = self.telemetry.counts
            found = self.pools[endpoint] = UpstreamPool(endpoint, self.memory, counts, self._engine_tls)
        return found

    def _engine_tls(self) -> ssl.SSLContext | None:
        return self.tls.context(self.settings)

    def charge_hedge(self, routing: RoutingRequest, now: float) -> RoutingRequest | None:
        """A copy of a request that is charged to another endpoint, if one has room and the budget allows."""
        assert routing.endpoint is not None
        tried = [*routing.tried, routing.endpoint]
        second = replace(routing, tried=tried, endpoint=None, charged_prompt=0, charged_reply=0, owner=None)
        table = self.dispatcher.table
        chosen = table.choose(second, now)
        if not isinstance(chosen, EndpointChoice) or chosen.endpoint in tried:
            return None
        if not self.hedges.maybe_spend():
            self.telemetry.counts.hedges_denied += 1
            return None
        table.charge(second, chosen, now)
        return second

    def dispatch(self, now: float, *, always: bool = False) -> None:
        """Dispatch waiting requests. Settling one may free others and call this again, so nested calls do nothing."""
        if self._turning or not (always or self.dispatcher.waiting):
            return
        self._turning = True
        try:
            for routing, found in self.dispatcher.turns(now):
                cast("LiveExchange", routing.owner).settle(found, now)
        finally:
            self._turning = False

    def close(self) -> None:
        """Close every connection to engines and routers; requests that still run are cut."""
        for exchange in list(self.live):
            exchange.abort()
        for pool in self.pools.values():
            pool.close()
        self.peers.close()

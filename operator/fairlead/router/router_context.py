"""What all requests of one router share: its configuration, targets, tenants, peers, telemetry and cache.

It knows no exchange and no client's connection, which both hold it; what it calls of them is in two small Protocols.
"""

import os
import ssl
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from math import inf
from time import monotonic
from typing import Final, Protocol, cast

from fairlead.router import head_facts
from fairlead.router.answer_judges import AnswerJudges
from fairlead.router.cache.cache import ResponseCache
from fairlead.router.config.loader import RouterConfig
from fairlead.router.engine_target import EngineTarget
from fairlead.router.head_facts import HeadFacts
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.tenant_use import TenantUse
from fairlead.router.router_peers import RouterPeers
from fairlead.router.spending_accounts import RouterSpending
from fairlead.router.tls import UpstreamTls
from fairlead.router.wire import prefix_blocks
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import RequestHead
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.models.model_table import ModelTable
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenancy import Tenancy

MOST_HEADS: Final = 1024
"""As many heads as `HeadCache` keeps."""


class LiveExchange(Protocol):
    """A request that needed an endpoint and has not ended, as the router's own events reach it."""

    hedge_at: float
    """When to send a hedge, if its first attempt has no first byte by then."""

    target: EngineTarget
    """Which target it was sent to, or waits for."""

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

    def reroute(self, now: float) -> None:
        """Its target is gone while it waits: choose anew."""

    def hung(self, why: str, now: float) -> None:
        """Its endpoint was ejected because it hangs."""

    def abort(self) -> None:
        """Disconnect its client."""


class OpenCopy(Protocol):
    """A copy of a request in flight, as the router's own events reach it."""

    def sweep(self, now: float) -> None:
        """Act on what took too long."""

    def abort(self) -> None:
        """End it."""


class TokenTenants(Protocol):
    """The tokens of an issuer, as requests bring them."""

    def is_token(self, key: bytes) -> bool:
        """Whether this looks like a token."""

    def tenant(self, key: bytes, digest: bytes) -> str | Refusal:
        """The tenant whose token this is, or why it is nobody's."""


class OpenClient(Protocol):
    """A client's connection, as the router's own events reach it."""

    def sweep(self, now: float) -> None:
        """Cut it if it is slower than allowed."""

    def left_by(self, target: EngineTarget) -> None:
        """A target serves nobody here any more."""

    def close(self) -> None:
        """Close it once what was written is sent."""

    def abort(self) -> None:
        """Close it without another byte."""


class RouterContext:
    """The shared state of one router's requests."""

    __slots__ = (
        *("_id_prefix", "_ids", "_prefix", "cache", "clients", "copies", "draining", "heads", "hedging", "judges"),
        "limits",
        *("live", "memory", "peers", "retiring", "routes", "salted", "settings", "sole", "spending", "targets"),
        "telemetry",
        *("tenancy", "timeouts", "tls", "tokens", "use"),
    )

    def __init__(self, settings: RouterConfig, telemetry: TelemetryRecorder) -> None:
        self.telemetry = telemetry
        self.tenancy = Tenancy()
        self.draining = False
        self.memory = HeadCache()
        self.targets: dict[str, EngineTarget] = {}
        self.retiring: list[EngineTarget] = []
        """Targets that the configuration names no more and that still have requests."""
        self.sole: EngineTarget | None = None
        """The target of a plain router; a gateway's requests find theirs by `routes`."""
        self.routes = ModelTable(())
        self.live: set[LiveExchange] = set()
        """Every request that needed an endpoint and has not ended."""
        self.copies: set[OpenCopy] = set()
        """Copies in flight that nobody waits for."""
        self.clients: set[OpenClient] = set()
        self.tls = UpstreamTls()
        self.tokens: TokenTenants | None = None
        """Of the issuer, where one is configured."""
        self.judges = AnswerJudges()
        self.use = TenantUse(telemetry.counts.tenants)
        self.spending = RouterSpending(telemetry)
        self.cache = ResponseCache(settings.routing.cache)
        self.peers = RouterPeers(self.tenancy.accounts, self.memory, telemetry.counts)
        self.heads: dict[RequestHead, HeadFacts] = {}
        """What follows from the heads that were seen lately."""
        self._ids = count(1)
        self._id_prefix = os.urandom(8).hex().encode()
        self.apply(settings)

    def apply(self, settings: RouterConfig) -> None:
        """Apply another configuration: requests that run keep what they began with."""
        self.settings = settings
        routing = settings.routing
        self.timeouts = routing.timeouts
        self.hedging = routing.hedging
        self.limits = RequestLimits(
            head_bytes=routing.door.max_header_bytes, body_bytes=routing.limits.max_request_bytes
        )
        self.salted = routing.balancing.salt
        self._prefix = routing.balancing.prefix
        self.routes = ModelTable(settings.routes)
        self.judges.apply(settings.routes)
        self.heads.clear()
        self.cache.apply(routing.cache)
        self.telemetry.apply(routing.telling, settings.models)

    def now(self) -> float:
        """The current time, for callbacks without a `now` argument."""
        return monotonic()

    def new_id(self) -> bytes:
        """A unique id: random once for the process, then a number."""
        return b"%b%016x" % (self._id_prefix, next(self._ids))

    def account(self, key: bytes | None) -> Account | Refusal:
        """The account of this API key, or of this token where none is such a key."""
        accounts, digest = self.tenancy.accounts, None if key is None else sha256(key).digest()
        found = accounts.of(digest)
        if self.tokens is None or isinstance(found, Account):
            return found
        tenant = self.tokens.tenant(key or b"", digest or b"")
        return tenant if isinstance(tenant, Refusal) else accounts.named(tenant) or found

    def head_facts(self, head: RequestHead) -> HeadFacts:
        """What follows from this head, which `heads` has not; kept there until the configuration changes.

        A head with a token is not kept: what the token opens ends before.
        """
        found = head_facts.of(head, self.account(head.key), self.settings)
        if self.tokens is not None and self.tokens.is_token(head.key or b""):
            return found
        if len(self.heads) >= MOST_HEADS:
            self.heads.clear()
        self.heads[head] = found
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

    def engine_tls(self) -> ssl.SSLContext | None:
        """The context for a new connection to an engine."""
        return self.tls.context(self.settings)

    def compare(self, target: EngineTarget, routing: RoutingRequest, record: RequestRecord, now: float) -> None:
        """Keep a request that ended for the comparison of two sides, where traffic is divided."""
        trials = target.dispatcher.terms.model.versions.trials
        if trials and (versions := trials.get(routing.adapter or "")) is not None:
            target.adapter_samples.add(versions, routing, record, self.telemetry.wall(now))
        if (split := target.dispatcher.table.split) is not None:
            target.samples.add(split, routing, record, self.telemetry.wall(now))

    @property
    def every_target(self) -> Iterator[EngineTarget]:
        """All targets, those included that only end their requests."""
        yield from self.targets.values()
        yield from self.retiring

    def dispatch(self, target: EngineTarget, now: float, *, always: bool = False) -> None:
        """Dispatch waiting requests. Settling one may free others and call this again, so nested calls do nothing."""
        if target.turning or not (always or target.dispatcher.waiting):
            return
        target.turning = True
        try:
            for routing, found in target.dispatcher.turns(now):
                cast("LiveExchange", routing.owner).settle(found, now)
        finally:
            target.turning = False

    def released(self, target: EngineTarget, account: Account, now: float) -> None:
        """A request ended: others of its target may have room now, and of its tenant at any target."""
        if target.dispatcher.waiting:
            self.dispatch(target, now)
        if account.queued and self.sole is None and account.most_inflight != inf:
            for other in self.every_target:
                self.dispatch(other, now)

    def close(self) -> None:
        """Close every connection to engines and routers; requests that still run are cut."""
        for exchange in list(self.live):
            exchange.abort()
        for copy in list(self.copies):
            copy.abort()
        for target in self.every_target:
            target.close()
        self.peers.close()

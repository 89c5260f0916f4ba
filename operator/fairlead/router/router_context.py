"""State shared by all requests of one router: its configuration, targets, tenants, peers, telemetry and cache.

It imports neither exchanges nor client connections, which both hold it; it calls them through small Protocols.
"""

import os
import ssl
from collections.abc import Iterator
from hashlib import sha256
from itertools import count
from math import inf
from time import monotonic
from typing import Final, cast

from fairlead.router import head_facts
from fairlead.router.answer_checkers import AnswerCheckers
from fairlead.router.cache.cache import ResponseCache
from fairlead.router.config.loader import RouterConfig
from fairlead.router.engine_target import EngineTarget
from fairlead.router.head_facts import HeadFacts
from fairlead.router.live_requests import LiveExchange, OpenClient, OpenCopy, TokenTenants
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
from fairlead.router.wire.unfinished_bodies import UnfinishedBodies
from fairlead.routing.accounts import Account
from fairlead.routing.models.model_table import ModelTable
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenancy import Tenancy

MAX_HEADS: Final = 1024
"""As many as `HeadCache` keeps."""
MAX_ID_BYTES: Final = 256
"""Limit of a request id: a longer one is a mistake, and would appear in every line logged for the request."""


class RouterContext:
    """The shared state of one router's requests."""

    __slots__ = (
        "_id_prefix",
        "_ids",
        "_prefix",
        "bodies",
        "cache",
        "checkers",
        "clients",
        "draining",
        "facts_by_head",
        "head_cache",
        "hedging",
        "limits",
        "live",
        "only_target",
        "open_copies",
        "peers",
        "retiring",
        "routes",
        "salted",
        "settings",
        "spending",
        "targets",
        "telemetry",
        "tenancy",
        "tenant_usage",
        "timeouts",
        "tls",
        "token_tenants",
    )

    def __init__(self, settings: RouterConfig, telemetry: TelemetryRecorder) -> None:
        self.telemetry = telemetry
        self.tenancy = Tenancy()
        self.draining = False
        self.head_cache = HeadCache()
        self.bodies = UnfinishedBodies(self.sender)
        self.targets: dict[str, EngineTarget] = {}
        self.retiring: list[EngineTarget] = []
        """Targets that the configuration no longer names and that still have requests."""
        self.only_target: EngineTarget | None = None
        """The target of a plain router; a gateway's requests find theirs by `routes`."""
        self.routes = ModelTable(())
        self.live: set[LiveExchange] = set()
        """Every request that needed an endpoint and has not ended."""
        self.open_copies: set[OpenCopy] = set()
        """Copies in flight; no client waits for them."""
        self.clients: set[OpenClient] = set()
        self.tls = UpstreamTls()
        self.token_tenants: TokenTenants | None = None
        """The issuer's tokens, if one is configured."""
        self.checkers = AnswerCheckers()
        self.tenant_usage = TenantUse(telemetry.counts.tenants)
        self.spending = RouterSpending(telemetry)
        self.cache = ResponseCache(settings.routing.cache)
        self.peers = RouterPeers(self.tenancy.accounts, self.head_cache, telemetry.counts)
        self.facts_by_head: dict[RequestHead, HeadFacts] = {}
        """Facts of recently seen heads."""
        self._ids = count(1)
        self._id_prefix = os.urandom(8).hex().encode()
        self.apply(settings)

    def apply(self, settings: RouterConfig) -> None:
        """Apply another configuration; requests already running keep the one they started with."""
        self.settings = settings
        routing = settings.routing
        self.timeouts = routing.timeouts
        self.hedging = routing.hedging
        self.limits = RequestLimits(
            head_bytes=routing.connections.max_header_bytes, body_bytes=routing.limits.max_request_bytes
        )
        for client in self.clients:  # a kept connection may live for days
            client.reader.limit(self.limits)
        self.salted = routing.balancing.salt
        self._prefix = routing.balancing.prefix
        self.routes = ModelTable(settings.routes)
        self.checkers.apply(settings.routes)
        self.facts_by_head.clear()
        self.cache.apply(routing.cache, by_route=any(one.cache for one in settings.routes))
        self.telemetry.apply(routing.telemetry, settings.models)

    def serve(self, targets: dict[str, EngineTarget], *, is_gateway: bool) -> None:
        """Send requests to these targets from now on; a plain router has only one."""
        self.targets = targets
        self.only_target = None if is_gateway else targets[""]

    def resolve_by(self, tokens: TokenTenants | None) -> None:
        """Accept an issuer's tokens from now on, or none."""
        self.token_tenants = tokens

    def drain(self) -> None:
        """Be ready no more: kept connections are closed after their next reply."""
        self.draining = True

    def now(self) -> float:
        """Return the current time, for callbacks without a `now` argument."""
        return monotonic()

    def new_id(self) -> bytes:
        """Return a unique id: a random prefix per process, then a counter."""
        return b"%b%016x" % (self._id_prefix, next(self._ids))

    def account(self, key: bytes | None) -> Account | Refusal:
        """Return the account of this API key, or of this token if no key matches."""
        accounts, digest = self.tenancy.accounts, None if key is None else sha256(key).digest()
        found = accounts.of(digest)
        if self.token_tenants is None or isinstance(found, Account):
            return found
        tenant = self.token_tenants.tenant(key or b"", digest or b"")
        return tenant if isinstance(tenant, Refusal) else accounts.named(tenant) or found

    def head_facts(self, head: RequestHead) -> HeadFacts:
        """Derive the facts of a head missing from `heads`, and keep them there, but not with a token: it expires."""
        found = head_facts.of(head, self.account(head.key), self.settings)
        if self.token_tenants is not None and self.token_tenants.is_token(head.key or b""):
            return found
        if len(self.facts_by_head) >= MAX_HEADS:
            self.facts_by_head.clear()
        self.facts_by_head[head] = found
        return found

    def sender(self, head: RequestHead) -> str:
        """Return the name of the tenant who sent this head; empty if there are no tenants, or for an unknown key."""
        account = (self.facts_by_head.get(head) or self.head_facts(head)).account
        return account.name if isinstance(account, Account) else ""

    def began(self, head: RequestHead, peer: str, now: float) -> RequestRecord:
        """Start the record of a request of which only the head has arrived, which may be all of it."""
        record, facts = self.telemetry.began(now), self.facts_by_head.get(head) or self.head_facts(head)
        request_id = head.headers.get(b"x-request-id", b"")[:MAX_ID_BYTES].decode("latin-1")
        record.identify(request_id, facts.surface_name, peer, 0)
        record.of_tenant(self.sender(head), "")
        return record

    def refuses(self, head: RequestHead) -> bool:
        """Whether the head alone is enough to refuse a request, whose body is then not read."""
        facts = self.facts_by_head.get(head) or self.head_facts(head)
        return isinstance(facts.account, Refusal)

    def blocks(self, prompt: bytes, account: Account, adapter: str | None) -> list[int]:
        """Return the prompt's prefix block ids; adapters never share blocks, and with salts neither do tenants."""
        if not self._prefix:
            return []
        salt = account.name.encode() if self.salted else b""
        if adapter is not None:
            salt = b"%b\0%b" % (salt, adapter.encode())
        return prefix_blocks.of(prompt, salt)

    def salt_of(self, account: Account) -> bytes:
        """Return the salt that separates tenants' prefixes in engines; a hash, so that the name stays here."""
        return b'"%b"' % sha256(b"fairlead:" + account.name.encode()).hexdigest()[:32].encode()

    def engine_tls(self) -> ssl.SSLContext | None:
        """Return the context for a new connection to an engine."""
        return self.tls.context(self.settings)

    def compare(self, target: EngineTarget, routing: RoutingRequest, record: RequestRecord, now: float) -> None:
        """Keep an ended request to compare the two sides, if traffic is split."""
        trials = target.dispatcher.config.model.versions.trials
        if trials and (versions := trials.get(routing.adapter or "")) is not None:
            target.adapter_samples.add(versions, routing, record, self.telemetry.wall(now))
        if (split := target.dispatcher.table.split) is not None:
            target.samples.add(split, routing, record, self.telemetry.wall(now))

    @property
    def every_target(self) -> Iterator[EngineTarget]:
        """All targets, including those that only finish their requests."""
        yield from self.targets.values()
        yield from self.retiring

    def dispatch(self, target: EngineTarget, now: float, *, always: bool = False) -> None:
        """Dispatch waiting requests. Settling one may free others and call this again, so nested calls do nothing."""
        if target.turning or not (always or target.dispatcher.waiting):
            return
        target.begin_turn()
        try:
            for routing, endpoint in target.dispatcher.turns(now):
                cast("LiveExchange", routing.owner).apply_decision(endpoint, now)
        finally:
            target.end_turn()

    def released(self, target: EngineTarget, account: Account, now: float) -> None:
        """Dispatch after a request ended: its target may have room now, and its tenant at any target."""
        if target.dispatcher.waiting:
            self.dispatch(target, now)
        if account.queued and self.only_target is None and account.max_inflight != inf:
            for other in self.every_target:
                self.dispatch(other, now)

    def close(self) -> None:
        """Close every connection to engines and routers; requests still running are cut."""
        for exchange in list(self.live):
            exchange.abort()
        for copy in list(self.open_copies):
            copy.abort()
        for target in self.every_target:
            target.close()
        self.peers.close()

"""The parts of one router in one place: its configuration, peers, requests and connections."""

import logging
import os
import ssl
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from itertools import count
from math import inf
from time import monotonic
from typing import Any

from fairlead.fleet.endpoints import EndpointState
from fairlead.router import endpoint_report, engine_errors, engine_scraper
from fairlead.router.authorization import MetricsAuthorizer
from fairlead.router.cache.cache import ResponseCache
from fairlead.router.cache_bridge import RoutableRevisions
from fairlead.router.client_connection import ClientConnection
from fairlead.router.config.loader import RouterConfig
from fairlead.router.engine_scraper import EngineScraper
from fairlead.router.exchange import Exchange
from fairlead.router.intake import ClientContext
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.snapshot import RouterSnapshot
from fairlead.router.permit_requests import RouterPeers
from fairlead.router.probes import PROBE_BACKOFF, EngineProber, ProbeBackoff
from fairlead.router.shared_store import SharedStoreConnection
from fairlead.router.tls import UpstreamTls
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire import prefix_blocks
from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.request_heads import RequestHead
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.hedge_policy import HedgePolicy
from fairlead.routing.served_model import ServedModel

log = logging.getLogger(__name__)


class Router:
    """The shared state and components that requests use."""

    def __init__(
        self, settings: RouterConfig, teller: TelemetryRecorder, patience: ProbeBackoff = PROBE_BACKOFF
    ) -> None:
        self.settings = settings
        self.teller = teller
        self.draining = False
        self.emptied: Callable[[], None] | None = None
        """Called whenever the last request inside has ended."""
        self.memory = HeadCache()
        self.limits = RequestLimits()
        self.timeouts = settings.routing.timeouts
        self.hedging = settings.routing.hedging
        self.hedges = HedgePolicy()
        self.live: set[Exchange] = set()
        """Every request that needed an endpoint and has not ended."""
        self.clients: set[ClientConnection] = set()
        self.callers: dict[RequestHead, ClientContext] = {}
        self.routers: int | None = None
        """Number of ready routers, this one among them, where they are counted."""
        self.ready_routers: frozenset[str] = frozenset()
        self.name = ""
        """The pod's name; without it no router keeps a tenant's rates for the others."""
        self._serving: set[Endpoint] = set()
        self.desk = Dispatcher(_dispatcher_config(settings, settings.routers), self._changed)
        self.pools: dict[Endpoint, UpstreamPool] = {}
        self.watches: dict[Endpoint, EngineScraper] = {}
        self.tls = UpstreamTls()
        self.prober = EngineProber(self.desk.table, self.pool, lambda: self.settings, patience)
        self._ids = count(1)
        self._id_prefix = os.urandom(8).hex().encode()
        self._turning = False
        self.cache = ResponseCache(settings.routing.cache)
        self.rotation = RoutableRevisions()
        self.sharing = SharedStoreConnection(self.cache)
        self.peers = RouterPeers(self)
        self.guard = MetricsAuthorizer(lambda: self.settings)
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
        self.callers.clear()
        self.cache.apply(routing.cache)
        self.sharing.apply(settings.redis_url)
        self._share()
        self.teller.apply(routing.telling, settings.models)
        self.salted = routing.balancing.salt
        self._prefix = routing.balancing.prefix
        for endpoint in self.desk.table.endpoints:
            self._size(endpoint)

    def counted(self, routers: int | None, ready: frozenset[str] = frozenset()) -> None:
        """Set the number and names of the ready routers that share limits; without a number the file's is used."""
        if (routers, ready) != (self.routers, self.ready_routers):
            self.routers, self.ready_routers = routers, ready
            self._share()

    def _share(self) -> None:
        routers = self.settings.routers if self.routers is None else max(1, self.routers)
        peers = self.ready_routers if self.name else frozenset()
        terms = replace(_dispatcher_config(self.settings, routers), peers=peers, name=self.name)
        self.desk.apply(terms, monotonic())

    @property
    def ready(self) -> bool:
        """Whether clients may be sent here; a routable engine is not needed, since requests are held."""
        return self.desk.table.complete and not self.draining

    # Called by requests

    def now(self) -> float:
        """The current time, for callbacks without a `now` argument."""
        return monotonic()

    def new_id(self) -> bytes:
        """A unique id: random once for the process, then a number."""
        return b"%b%016x" % (self._id_prefix, next(self._ids))

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
            found = self.pools[endpoint] = UpstreamPool(endpoint, self.memory, self.teller.counts, self._engine_tls)
        return found

    def _engine_tls(self) -> ssl.SSLContext | None:
        return self.tls.context(self.settings)

    def turns(self, now: float, *, always: bool = False) -> None:
        """Dispatch waiting requests. Settling one may free others and call this again, so nested calls do nothing."""
        if self._turning or not (always or self.desk.waiting):
            return
        self._turning = True
        try:
            for ask, found in self.desk.turns(now):
                assert isinstance(ask.owner, Exchange)
                ask.owner.settle(found, now)
        finally:
            self._turning = False

    # Pages of the router

    def metrics(self) -> bytes:
        """The page that Prometheus scrapes."""
        desk = self.desk
        queue = desk.snapshot(monotonic())
        standing = RouterSnapshot(
            endpoints=desk.table.endpoints,
            lanes=queue.lanes,
            held=queue.held,
            accounts=desk.accounts.all,
            upstream_idle=sum(pool.idle for pool in self.pools.values()),
            clients=len(self.clients),
            draining=self.draining,
            cache=self.cache,
            shared=self.sharing.counts,
        )
        return self.teller.page(standing)

    def seen(self) -> dict[str, Any]:
        """The endpoint report, for people, the operator and the autoscaler."""
        came = self.teller.counts.demand.values()
        return endpoint_report.report(self.desk, came, monotonic(), draining=self.draining)

    def cards(self) -> list[engine_scraper.ModelCard]:
        """The models that clients may use."""
        return engine_scraper.union(list(self.watches.values()), self.settings.models)

    # Events outside of requests

    def _changed(self, endpoint: Endpoint) -> None:
        why = f": {endpoint.reason}" if endpoint.reason else ""
        log.info("endpoint %s at %s is %s%s", endpoint.pod, endpoint.address, endpoint.state, why)
        if endpoint in self._serving and endpoint.state is not EndpointState.ROUTABLE:
            self._serving.discard(endpoint)
            self.teller.counts.ejected(_cause(endpoint))
        self.prober.look(endpoint)
        self._size(endpoint)
        if endpoint.state is EndpointState.ROUTABLE:
            self._serving.add(endpoint)
            if not endpoint.revision:
                self.cache.forget("")
            self.turns(monotonic())

    def _size(self, endpoint: Endpoint) -> None:
        """Set a replica's limits from the configuration; its KV cache by its own metrics takes precedence."""
        settings = self.settings
        most = inf if settings.max_sequences is None else settings.max_sequences
        tokens = endpoint.kv_tokens or settings.kv_tokens
        if (endpoint.kv_tokens, endpoint.most_requests) != (tokens, most):
            self.desk.table.sized(endpoint, tokens, most)

    def close(self) -> None:
        """Close every connection to engines; requests that still run are cut."""
        for watch in self.watches.values():
            watch.stop()
        for exchange in list(self.live):
            exchange.client.abort()
        for pool in self.pools.values():
            pool.close()
        self.peers.close()


def _cause(endpoint: Endpoint) -> str:
    """Why it left the rotation, as a label value."""
    if endpoint.state is EndpointState.DRAINING or endpoint.reason == engine_errors.SHUTTING_DOWN:
        return "leaving"
    if endpoint.state is EndpointState.NOT_READY:
        return "probe"
    return "watchdog" if endpoint.reason.startswith("no progress") else "breaker"


def _dispatcher_config(settings: RouterConfig, routers: int) -> DispatcherConfig:
    model = ServedModel(
        names=settings.models,
        adapters=frozenset(settings.adapters),
        max_context_tokens=settings.max_context_tokens,
    )
    return DispatcherConfig(routing=settings.routing, model=model, routers=routers, keys=settings.keys)

"""The parts of one router in one place: its configuration, peers, endpoints and what its requests share."""

import logging
from dataclasses import replace
from math import inf
from time import monotonic
from typing import Any

from fairlead.fleet.endpoints import EndpointState
from fairlead.router import endpoint_report, engine_errors, engine_scraper
from fairlead.router.authorization import MetricsAuthorizer
from fairlead.router.config.loader import RouterConfig
from fairlead.router.engine_scraper import EngineScraper
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.snapshot import RouterSnapshot
from fairlead.router.probes import PROBE_BACKOFF, EngineProber, ProbeBackoff
from fairlead.router.router_context import RouterContext
from fairlead.router.shared_store import SharedStoreConnection
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.served_model import ServedModel

log = logging.getLogger(__name__)


class Router:
    """One router: assembles what its requests share, and follows its configuration, endpoints and peers."""

    def __init__(
        self, settings: RouterConfig, telemetry: TelemetryRecorder, probe_backoff: ProbeBackoff = PROBE_BACKOFF
    ) -> None:
        self.routers: int | None = None
        """Number of ready routers, this one among them, where they are counted."""
        self.ready_routers: frozenset[str] = frozenset()
        self.name = ""
        """The pod's name; without it no router keeps a tenant's rates for the others."""
        self._serving: set[Endpoint] = set()
        dispatcher = Dispatcher(_dispatcher_config(settings, settings.routers), self._changed)
        self.context = RouterContext(settings, telemetry, dispatcher)
        self.watches: dict[Endpoint, EngineScraper] = {}
        self.prober = EngineProber(dispatcher.table, self.context.pool, lambda: self.context.settings, probe_backoff)
        self.sharing = SharedStoreConnection(self.context.cache)
        self.guard = MetricsAuthorizer(lambda: self.context.settings)
        self._follow(settings)

    def apply(self, settings: RouterConfig) -> None:
        """Apply another configuration: requests that run keep what they began with."""
        self.context.apply(settings)
        self._follow(settings)

    def _follow(self, settings: RouterConfig) -> None:
        self.sharing.apply(settings.redis_url)
        self._share()
        for endpoint in self.context.dispatcher.table.endpoints:
            self._size(endpoint)

    def counted(self, routers: int | None, ready: frozenset[str] = frozenset()) -> None:
        """Set the number and names of the ready routers that share limits; without a number the file's is used."""
        if (routers, ready) != (self.routers, self.ready_routers):
            self.routers, self.ready_routers = routers, ready
            self._share()

    def _share(self) -> None:
        settings = self.context.settings
        routers = settings.routers if self.routers is None else max(1, self.routers)
        peers = self.ready_routers if self.name else frozenset()
        terms = replace(_dispatcher_config(settings, routers), peers=peers, name=self.name)
        self.context.dispatcher.apply(terms, monotonic())

    @property
    def ready(self) -> bool:
        """Whether clients may be sent here; a routable engine is not needed, since requests are held."""
        return self.context.dispatcher.table.complete and not self.context.draining

    # Pages of the router

    def metrics(self) -> bytes:
        """The page that Prometheus scrapes."""
        context, dispatcher = self.context, self.context.dispatcher
        queue = dispatcher.snapshot(monotonic())
        snapshot = RouterSnapshot(
            endpoints=dispatcher.table.endpoints,
            lanes=queue.lanes,
            held=queue.held,
            accounts=dispatcher.accounts.all,
            upstream_idle=sum(pool.idle for pool in context.pools.values()),
            clients=len(context.clients),
            draining=context.draining,
            cache=context.cache,
            shared=self.sharing.counts,
        )
        return context.telemetry.page(snapshot)

    def report(self) -> dict[str, Any]:
        """The endpoint report, for people, the operator and the autoscaler."""
        context = self.context
        demand = context.telemetry.counts.demand.values()
        return endpoint_report.report(context.dispatcher, demand, monotonic(), draining=context.draining)

    def cards(self) -> list[engine_scraper.ModelCard]:
        """The models that clients may use."""
        return engine_scraper.union(list(self.watches.values()), self.context.settings.models)

    # Events outside of requests

    def _changed(self, endpoint: Endpoint) -> None:
        context = self.context
        why = f": {endpoint.reason}" if endpoint.reason else ""
        log.info("endpoint %s at %s is %s%s", endpoint.pod, endpoint.address, endpoint.state, why)
        if endpoint in self._serving and endpoint.state is not EndpointState.ROUTABLE:
            self._serving.discard(endpoint)
            context.telemetry.counts.ejected(_cause(endpoint))
        self.prober.endpoint_changed(endpoint)
        self._size(endpoint)
        if endpoint.state is EndpointState.ROUTABLE:
            self._serving.add(endpoint)
            if not endpoint.revision:
                context.cache.forget("")
            context.dispatch(monotonic())

    def _size(self, endpoint: Endpoint) -> None:
        """Set a replica's limits from the configuration; its KV cache by its own metrics takes precedence."""
        settings = self.context.settings
        most = inf if settings.max_sequences is None else settings.max_sequences
        tokens = endpoint.kv_tokens or settings.kv_tokens
        if (endpoint.kv_tokens, endpoint.most_requests) != (tokens, most):
            self.context.dispatcher.table.sized(endpoint, tokens, most)

    def close(self) -> None:
        """Close every connection to engines; requests that still run are cut."""
        for watch in self.watches.values():
            watch.stop()
        self.context.close()


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

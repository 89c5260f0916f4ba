"""One router: its configuration, peers and targets, and the state that its requests share."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from time import monotonic
from typing import Any, Final

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointState
from fairlead.router import engine_errors, router_pages
from fairlead.router.authorization import MetricsAuthorizer
from fairlead.router.config.loader import RouterConfig, TargetConfig
from fairlead.router.engine_target import EngineTarget, TargetParts
from fairlead.router.external_api import ExternalApi
from fairlead.router.issuer_connection import IssuerConnection
from fairlead.router.key_reading_pace import KEY_READING_PACE, KeyReadingPace
from fairlead.router.live_requests import LiveExchange
from fairlead.router.long_pages import LongPages
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.peer_reports import PeerReports
from fairlead.router.probes import PROBE_BACKOFF, ProbeBackoff
from fairlead.router.router_context import RouterContext
from fairlead.router.shared_budgets import SharedBudgets
from fairlead.router.shared_store import SharedStoreConnection
from fairlead.routing.adapter_split import AdapterSplit
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.served_model import ServedModel

log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 5.0
"""How long after its start a router waits for all targets' endpoint lists, if it has at least one."""


class Router:
    """One router: builds what its requests share, and follows its configuration, endpoints and peers."""

    def __init__(
        self,
        settings: RouterConfig,
        telemetry: TelemetryRecorder,
        probe_backoff: ProbeBackoff = PROBE_BACKOFF,
        key_reading_pace: KeyReadingPace = KEY_READING_PACE,
    ) -> None:
        self.routers: int | None = None
        """Number of ready routers including this one; None while unknown."""
        self.ready_routers: frozenset[str] = frozenset()
        self.name = ""
        """The pod's name; without one, no router keeps a tenant's rates for the others."""
        self.peer_reports: PeerReports | None = None
        """None without a port for other routers' reports."""
        self._serving: set[Endpoint] = set()
        self._began = monotonic()
        self._was_ready = False
        self.context = context = RouterContext(settings, telemetry)
        self._parts = TargetParts(
            tenancy=context.tenancy,
            head_cache=context.head_cache,
            counters=telemetry.counts,
            engine_tls=context.engine_tls,
            probe_backoff=probe_backoff,
            first_token_seconds=lambda: context.timeouts.first_token_seconds,
            wall=lambda: telemetry.wall(context.now()),
            changed=self._changed,
        )
        self.sharing = SharedStoreConnection(context.cache)
        self.budgets = SharedBudgets(lambda: context.spending.budgets, lambda: context.spending.wall(context.now()))
        self.issuer = IssuerConnection(context, key_reading_pace)
        self.guard = MetricsAuthorizer(lambda: context.settings)
        self.long_pages, self.tenant_pages = LongPages(), LongPages()
        """Those of the metrics port, and of the client port: tenants that read often keep no operator waiting."""
        self._follow(settings)

    def apply(self, settings: RouterConfig) -> None:
        """Apply another configuration; requests already running keep the one they started with."""
        self.context.apply(settings)
        self._follow(settings)

    def _follow(self, settings: RouterConfig) -> None:
        self.sharing.apply(settings.redis_url, settings.cache_scope)
        self._share()
        self.issuer.apply(settings)
        if self.peer_reports is not None:
            self.peer_reports.apply(settings.peer_keys)
        scope = f"{settings.namespace}/{settings.config_map or settings.router_selector}"
        budgeted = bool(self.context.spending.budgets)
        self.budgets.apply(settings.redis_url if budgeted else None, scope)

    def set_router_count(self, routers: int | None, ready: frozenset[str] = frozenset()) -> None:
        """Set the number and names of the ready routers that share limits; without a number the file's is used."""
        if (routers, ready) != (self.routers, self.ready_routers):
            self.routers, self.ready_routers = routers, ready
            self._share()

    def join_peers(self, host: str, port: int) -> None:
        """Report to the other routers, and receive what they report, on this port."""
        try:
            self.peer_reports = PeerReports(self.context, self.name, host, port)
        except OSError as problem:
            log.warning(
                "UDP port %d: %s; it reports nothing to other routers: free the port, or name another", port, problem
            )

    def list_routers(self, seen: tuple[DiscoveredEndpoint, ...]) -> None:
        """Apply the pods of all routers. Before this one is ready there may be no ready one, which means "unknown"."""
        ready = frozenset(one.pod for one in seen if one.ready and not one.ending)
        self.context.peers.take(seen)
        self.set_router_count(len(ready) or None, ready)
        if self.peer_reports is not None:
            self.peer_reports.take(seen, len(ready | {self.name}))

    def _share(self) -> None:
        """Apply configuration and peers to tenants and targets; a target no longer named only finishes its requests."""
        context, now = self.context, monotonic()
        settings = context.settings
        routers = settings.routers if self.routers is None else max(1, self.routers)
        peers = self.ready_routers if self.name else frozenset()
        terms = DispatcherConfig(
            routing=settings.routing, routers=routers, peers=peers, name=self.name, keys=settings.keys
        )
        context.tenancy.accounts.take(terms, now)
        context.spending.apply(settings, context.tenancy.accounts, routers)
        before, kept = dict(context.targets), dict[str, EngineTarget]()
        for config, api in self._wanted(settings):
            found = before.pop(config.target, None)
            if found is not None and (found.external is None or found.external is api):
                found.apply(config, _of_target(terms, config), now)
            else:
                self._retire(found)
                found = EngineTarget(config, _of_target(terms, config), self._parts, api)
            price = config.price_per_hour
            found.costs.apply(None if price is None else float(price), routers, now)
            kept[config.target] = found
        context.serve(kept, is_gateway=settings.is_gateway)
        for found in before.values():
            self._retire(found)
        if self.peer_reports is not None:
            self.peer_reports.follow()
        for found in context.targets.values():
            if found.external is not None and not found.dispatcher.table.complete:
                found.dispatcher.table.apply_discovered(
                    (DiscoveredEndpoint(pod=found.name, address=found.external.address),)
                )

    def _wanted(self, settings: RouterConfig) -> Iterator[tuple[TargetConfig, ExternalApi | None]]:
        """Yield each target's configuration; an external API keeps its connections while unchanged."""
        for config in settings.served:
            yield config, None
        for one in settings.externals:
            found = self.context.targets.get(one.api.name)
            api = found.external if found is not None else None
            if api is None or api.config != one:
                api = ExternalApi(one)
            yield api.target, api

    def _retire(self, target: EngineTarget | None) -> None:
        """Retire a target: its running requests finish, and waiting ones are rerouted."""
        if target is None:
            return
        log.info("target %s is named no more: %d requests run on", target.name, target.dispatcher.inflight)
        target.retire()
        self.context.retiring.append(target)
        for client in list(self.context.clients):
            client.left_by(target)

    def forget_retired(self, now: float) -> None:
        """Drop retired targets: clear their endpoints, reroute waiting requests, and close each after its last one."""
        context = self.context
        for target in list(context.retiring):
            target.dispatcher.table.apply_discovered(())
            for exchange in self._held_by(target):
                exchange.reroute(now)
            if target.is_over and not self._held_by(target):
                context.retiring.remove(target)
                target.forget_pools()
                target.close()

    def _held_by(self, target: EngineTarget) -> list[LiveExchange]:
        """Return all requests of a target: one whose prompt is being counted, that awaits a permit, or that follows
        another in the cache is neither at an endpoint nor in the queue, and still comes back to its target."""
        return [one for one in self.context.live if one.target is target]

    @property
    def sole(self) -> EngineTarget:
        """The target of a plain router."""
        assert self.context.only_target is not None
        return self.context.only_target

    @property
    def ready(self) -> bool:
        """Whether to send clients here; a routable engine is not required, since requests are held.

        With several targets, one whose engines cannot be listed delays readiness only for `GRACE_SECONDS`, and not at
        all once this router has been ready.
        """
        complete = [one.dispatcher.table.complete for one in self.context.targets.values()]
        late = any(complete) and monotonic() - self._began >= GRACE_SECONDS
        self._was_ready = self._was_ready or all(complete) or late
        return self._was_ready and self._is_caught_up and not self.context.draining

    @property
    def _is_caught_up(self) -> bool:
        return self.peer_reports is None or self.peer_reports.is_ready

    # Pages of the router

    def metrics(self) -> bytes:
        """Render Prometheus' page."""
        now = monotonic()
        peers = None if self.peer_reports is None else self.peer_reports.snapshot(now)
        return self.context.telemetry.page(router_pages.snapshot(self.context, self.sharing.counts, peers, now))

    def report(self, target: str | None = None) -> dict[str, Any] | None:
        """Report one target's endpoints or all, for people, the operator and the autoscaler."""
        return router_pages.report(self.context, target, monotonic())

    def cards(self) -> list[dict[str, Any]]:
        """List the models that clients may use."""
        return router_pages.cards(self.context)

    # Events outside requests

    def _changed(self, target: EngineTarget, endpoint: Endpoint) -> None:
        context = self.context
        why = f": {endpoint.reason}" if endpoint.reason else ""
        log.info("endpoint %s at %s is %s%s", endpoint.pod, endpoint.address, endpoint.state, why)
        if endpoint in self._serving and endpoint.state is not EndpointState.ROUTABLE:
            self._serving.discard(endpoint)
            context.telemetry.counts.ejected(_cause(endpoint))
        if self.peer_reports is not None:
            self.peer_reports.follow()
        target.prober.endpoint_changed(endpoint)
        target.size(endpoint)
        if endpoint.state is EndpointState.ROUTABLE:
            self._serving.add(endpoint)
            if not endpoint.revision:
                context.cache.forget(target.revisions.named(""))
            context.dispatch(target, monotonic())

    async def close(self) -> None:
        """Close every connection to engines; requests still running are cut."""
        for target in self.context.every_target:
            await target.prober.close()
        await self.issuer.close()
        if self.peer_reports is not None:
            self.peer_reports.close()
        self.context.close()


def _cause(endpoint: Endpoint) -> str:
    """Return why it left the rotation, as a label value."""
    if endpoint.state is EndpointState.DRAINING or endpoint.reason == engine_errors.SHUTTING_DOWN:
        return "leaving"
    if endpoint.state is EndpointState.NOT_READY:
        return "probe"
    return "watchdog" if endpoint.reason.startswith("no progress") else "breaker"


def _of_target(terms: DispatcherConfig, config: TargetConfig) -> DispatcherConfig:
    model = ServedModel(
        names=config.models,
        adapters=frozenset(config.adapters),
        versions=AdapterSplit(config.adapter_versions),
        adapter_slots=config.adapter_slots,
        max_context_tokens=config.max_context_tokens,
    )
    routing = terms.routing
    if not config.prefix_caching:  # its engines keep no prefix, so no replica is better for one
        routing = replace(routing, balancing=replace(routing.balancing, prefix=False))
    return replace(
        terms, model=model, routing=routing, first_token_seconds=config.first_token_seconds, share=config.share
    )

"""Follows the engines of all targets, and the number of routers.

A plain router follows its one source. A gateway's router has one watch per namespace, on the labels that all its
targets there have in common, and distributes the pods it finds by each target's labels.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Protocol

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router.config.loader import RouterConfig, TargetConfig
from fairlead.router.endpoint_sources import EndpointSource, Manifest, PodSource, StaticEndpoints
from fairlead.router.router import Router
from fairlead.router.source_subscription import SourceSubscription

Pods = tuple[Manifest, ...]


class DiscoveryOptions(Protocol):
    """Where endpoints come from."""

    @property
    def sources(self) -> Callable[[RouterConfig], EndpointSource]:
        """The engines of a plain router."""

    @property
    def routers(self) -> Callable[[RouterConfig], EndpointSource | None]:
        """The routers, if they can be counted."""

    @property
    def pods(self) -> Callable[[str, str], PodSource]:
        """The pods of a namespace that match a selector."""


class EndpointDiscovery:
    """The discovery of one router."""

    def __init__(self, router: Router, start: DiscoveryOptions) -> None:
        self._router = router
        self._engines = SourceSubscription(lambda: self._source(start), self._take)
        self._routers = SourceSubscription(lambda: start.routers(router.context.settings), self._count)
        self._namespaces = NamespaceWatches(router, start.pods)
        self._namespaces.follow(router.context.settings)

    def apply(self, fresh: RouterConfig) -> None:
        """Apply a new file; requests already running keep the one they started with."""
        before = self._router.context.settings
        self._router.apply(fresh)
        self._namespaces.follow(fresh)
        if _own_place(fresh) != _own_place(before):
            self._engines.anew()
        if (fresh.namespace, fresh.router_selector) != (before.namespace, before.router_selector):
            self._router.set_router_count(None)
            self._routers.anew()

    async def close(self) -> None:
        """Stop following."""
        await self._engines.close()
        await self._routers.close()
        await self._namespaces.close()

    def _source(self, start: DiscoveryOptions) -> EndpointSource | None:
        settings = self._router.context.settings
        return None if settings.is_gateway else start.sources(settings)

    def _take(self, seen: tuple[DiscoveredEndpoint, ...]) -> None:
        sole = self._router.context.only_target
        if sole is not None:
            sole.dispatcher.table.apply_discovered(seen)

    def _count(self, seen: tuple[DiscoveredEndpoint, ...]) -> None:
        self._router.list_routers(seen)


def _own_place(settings: RouterConfig) -> tuple[object, ...]:
    """Return where a plain router's engines are found."""
    return () if settings.is_gateway else settings.served[0].place


class NamespaceWatches:
    """The watches of a gateway's router, and the endpoints listed in its file."""

    def __init__(self, router: Router, pods: Callable[[str, str], PodSource]) -> None:
        self._router = router
        self._pods = pods
        self._watches: dict[tuple[str, str], SourceSubscription[Pods]] = {}
        """By namespace and selector."""
        self._seen: dict[tuple[str, str], Pods] = {}
        self._left: list[SourceSubscription[Pods]] = []

    def follow(self, settings: RouterConfig) -> None:
        """Follow the namespaces of these targets, and give each target its pods known so far."""
        targets = settings.targets
        for one in targets:
            if one.endpoints:
                self._router.context.targets[one.target].dispatcher.table.apply_discovered(
                    StaticEndpoints(one.endpoints, one.revision).seen
                )
        by_namespace: defaultdict[str, list[TargetConfig]] = defaultdict(list)
        for one in targets:
            if one.selector:
                by_namespace[one.namespace].append(one)
        wanted = {(namespace, common_selector(found)) for namespace, found in by_namespace.items()}
        for place in self._watches.keys() - wanted:
            self._left.append(self._watches.pop(place))
            self._left[-1].stop()
            self._seen.pop(place, None)
        for place in wanted - self._watches.keys():
            self._watches[place] = self._begun(place)
        for place, pods in self._seen.items():
            self._share(place[0], pods)

    def _begun(self, place: tuple[str, str]) -> SourceSubscription[Pods]:
        return SourceSubscription(lambda: self._pods(*place), lambda pods: self._take(place, pods))

    def _take(self, place: tuple[str, str], pods: Pods) -> None:
        self._seen[place] = pods
        self._share(place[0], pods)

    def _share(self, namespace: str, pods: Pods) -> None:
        """Give each target its pods."""
        from fairlead.router.discovery import pod_endpoints  # noqa: PLC0415 - imports the API server's client

        labelled = [(pod, pod["metadata"].get("labels") or {}) for pod in pods]
        for one in self._router.context.targets.values():
            config = one.config
            if config.selector and config.namespace == namespace:
                terms = selector_terms(config.selector)
                own = [pod for pod, labels in labelled if terms.items() <= labels.items()]
                one.dispatcher.table.apply_discovered(pod_endpoints(own, config.engine_port))

    async def close(self) -> None:
        """Stop following."""
        for one in (*self._watches.values(), *self._left):
            await one.close()


def selector_terms(selector: str) -> Mapping[str, str]:
    """Parse the labels required by a selector of equalities."""
    return dict(part.split("=", 1) for part in selector.split(","))


def common_selector(targets: list[TargetConfig]) -> str:
    """Return the narrowest selector that matches the pods of all these targets."""
    first, *others = [set(selector_terms(one.selector).items()) for one in targets]
    return ",".join(f"{key}={value}" for key, value in sorted(first.intersection(*others)))

"""Sources of endpoints: the interface, and the simplest one, a list."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointsCallback
from fairlead.router.config.loader import RouterConfig

Manifest = dict[str, Any]


class EndpointSource(Protocol):
    """A source of endpoints."""

    async def follow(self, publish: EndpointsCallback) -> None:
        """Report the endpoints until cancelled."""


class PodSource(Protocol):
    """A source of pods or other objects from the cluster."""

    async def follow(self, publish: Callable[[tuple[Manifest, ...]], None]) -> None:
        """Report the objects until cancelled."""


def pods_of(namespace: str, selector: str) -> PodSource:
    """Return the pods of a namespace that match a selector."""
    from fairlead.router import discovery  # noqa: PLC0415 - as below

    return discovery.pods_of(namespace, selector)


def config_map_of(namespace: str, name: str) -> PodSource:
    """Return the one ConfigMap of this name."""
    from fairlead.cluster import watched_objects  # noqa: PLC0415 - as below

    return watched_objects.config_map_of(namespace, name)


def source_of(settings: RouterConfig) -> EndpointSource:
    """Return the configured list if there is one, else the cluster."""
    if settings.endpoints:
        return StaticEndpoints(settings.endpoints, settings.revision)
    # Imported only here: aiohttp and its dependencies are a third of the memory of a router without a cluster.
    from fairlead.router.discovery import EnginePods  # noqa: PLC0415

    return EnginePods(settings)


def routers_of(settings: RouterConfig) -> EndpointSource | None:
    """Return the routers themselves, if their labels are known: they share rates, and so need their number."""
    if not settings.router_selector or not settings.namespace:
        return None
    from fairlead.router.discovery import EnginePods  # noqa: PLC0415 - likewise

    return EnginePods(replace(settings, selector=settings.router_selector))


class StaticEndpoints:
    """Engines from the configuration: always listed, always reported ready; probes determine the rest."""

    def __init__(self, addresses: tuple[str, ...], revision: str = "") -> None:
        self.seen = tuple(DiscoveredEndpoint(pod=address, address=address, revision=revision) for address in addresses)

    async def follow(self, publish: EndpointsCallback) -> None:
        """Report once; the list changes only with the configuration."""
        publish(self.seen)
        await asyncio.Event().wait()

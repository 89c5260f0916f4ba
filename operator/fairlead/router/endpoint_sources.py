"""Where a router learns which engines there are: what a source is, and the plainest one, a list."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router.config.loader import RouterConfig

EndpointsCallback = Callable[[tuple[DiscoveredEndpoint, ...]], None]
"""Told the whole list whenever it changes; the first time means that the source is complete."""


class EndpointSource(Protocol):
    """Somebody who knows the engines."""

    async def follow(self, tell: EndpointsCallback) -> None:
        """Tell until cancelled."""


def source_of(settings: RouterConfig) -> EndpointSource:
    """The list where there is one, the cluster otherwise."""
    if settings.endpoints:
        return StaticEndpoints(settings.endpoints, settings.revision)
    # A router without a cluster does not pay for the way to one: aiohttp and what it brings is a third of its memory.
    from fairlead.router.discovery import EnginePods  # noqa: PLC0415

    return EnginePods(settings)


def routers_of(settings: RouterConfig) -> EndpointSource | None:
    """The routers themselves, where their labels are known: they share rates, and have to know how many they are."""
    if not settings.router_selector or not settings.namespace:
        return None
    from fairlead.router.discovery import EnginePods  # noqa: PLC0415 - likewise

    return EnginePods(replace(settings, selector=settings.router_selector))


class StaticEndpoints:
    """Engines somebody wrote down: always there, always called ready; probes find out the rest."""

    def __init__(self, addresses: tuple[str, ...], revision: str = "") -> None:
        self._seen = tuple(DiscoveredEndpoint(pod=address, address=address, revision=revision) for address in addresses)

    async def follow(self, tell: EndpointsCallback) -> None:
        """Tell once; the list changes only with the file it stands in."""
        tell(self._seen)
        await asyncio.Event().wait()

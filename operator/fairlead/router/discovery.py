"""Engines found through the cluster: the pods that a label selector matches, from a watch of the API server.

Maps a pod's conditions to what they mean for a router. While the API server is unavailable the last list stays valid.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer, ObjectName
from fairlead.cluster.connection import ApiConnection, NoCredentials, connect
from fairlead.cluster.informer import Informer, WatchScope
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointsCallback
from fairlead.objects.labels import ADAPTERS, ASLEEP, REVISION
from fairlead.router.config.loader import RouterConfig

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 5.0
_OVER: Final = frozenset({"Succeeded", "Failed"})


def pod_endpoints(pods: Iterable[Manifest], port: int) -> tuple[DiscoveredEndpoint, ...]:
    """The pods that have an address and have not ended."""
    found = (_pod_endpoint(pod, port) for pod in pods)
    return tuple(one for one in found if one is not None)


def _pod_endpoint(pod: Manifest, port: int) -> DiscoveredEndpoint | None:
    status: dict[str, Any] = pod.get("status") or {}
    address = status.get("podIP")
    if not address or status.get("phase") in _OVER:
        return None
    conditions = {one["type"]: one["status"] for one in status.get("conditions") or ()}
    about = pod["metadata"]
    notes = about.get("annotations") or {}
    adapters = notes.get(ADAPTERS, "")
    return DiscoveredEndpoint(
        pod=about["name"],
        address=f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
        ready=conditions.get("Ready") == "True",
        ending=bool(about.get("deletionTimestamp")),
        asleep=ASLEEP in notes,
        revision=(about.get("labels") or {}).get(REVISION, ""),
        adapters=frozenset(name for name in adapters.split(",") if name),
    )


class WatchedObjects:
    """The objects of one kind in one namespace that a selector matches."""

    def __init__(self, watched: WatchScope, connected: Callable[[], Awaitable[ApiConnection]] = connect) -> None:
        self._watched = watched
        self._connected = connected

    async def follow(self, publish: Callable[[tuple[Manifest, ...]], None]) -> None:
        """Report the objects, first when the list is complete and then after every change."""
        connection = await self._connection()
        async with connection:
            await self._watch(ApiServer(connection), publish)

    async def _connection(self) -> ApiConnection:
        """Connect to the API server; without a connection, retry and log a warning each time."""
        while True:
            try:
                return await self._connected()
            except (NoCredentials, OSError) as problem:
                log.warning("the API server cannot be reached: %s; trying again in %g s", problem, AGAIN_SECONDS)
                await asyncio.sleep(AGAIN_SECONDS)

    async def _watch(self, api: ApiServer, publish: Callable[[tuple[Manifest, ...]], None]) -> None:
        """Report changes; a hundred that arrive together are reported once."""
        changed = asyncio.Event()
        chance = random.Random()  # noqa: S311  # jitter, not a secret
        informer = Informer(api, self._watched, lambda _old, _new: changed.set(), rng=chance)
        async with asyncio.TaskGroup() as group:
            group.create_task(informer.run(), name=self._watched.resource.plural)
            await informer.synced.wait()
            while True:
                changed.clear()
                publish(tuple(informer.store.all()))
                await changed.wait()


def pods_of(namespace: str, selector: str) -> WatchedObjects:
    """The pods of one namespace with these labels."""
    return WatchedObjects(WatchScope(resource=kinds.POD, namespaces=(namespace,), selector=selector))


def config_map_of(namespace: str, name: str) -> WatchedObjects:
    """One ConfigMap; the right to follow this one alone suffices."""
    return WatchedObjects(WatchScope(resource=kinds.CONFIG_MAP, namespaces=(namespace,), selector=ObjectName(name)))


class EnginePods:
    """The engine pods of one deployment, or the pods of its routers."""

    def __init__(self, settings: RouterConfig, connected: Callable[[], Awaitable[ApiConnection]] = connect) -> None:
        self._port = settings.engine_port
        namespaces = (settings.namespace,)
        self._pods = WatchedObjects(
            WatchScope(resource=kinds.POD, namespaces=namespaces, selector=settings.selector), connected
        )

    async def follow(self, publish: EndpointsCallback) -> None:
        """Report the pods, first when the list is complete and then after every change."""
        await self._pods.follow(lambda pods: publish(pod_endpoints(pods, self._port)))

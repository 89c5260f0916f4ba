"""Engines found through the cluster: the pods that match a label selector, from a watch of the API server.

Maps a pod's conditions to what they mean for a router.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

from fairlead.cluster import kinds
from fairlead.cluster.connection import ApiConnection, connect
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.watch_scope import WatchScope
from fairlead.cluster.watched_objects import WatchedObjects
from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointsCallback
from fairlead.objects import pod_engine
from fairlead.objects.labels import ADAPTERS, ASLEEP, REVISION
from fairlead.router.config.loader import RouterConfig

_OVER: Final = frozenset({"Succeeded", "Failed"})


def pod_endpoints(pods: Iterable[Manifest], port: int) -> tuple[DiscoveredEndpoint, ...]:
    """Convert the pods that have an address and have not ended; `port` is that of pods that do not show their engine's.

    During a rollout to another kind of engine, the configuration already names that kind's port.
    """
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
    adapters, shown = notes.get(ADAPTERS, ""), pod_engine.of(pod)
    port = shown.port or port
    return DiscoveredEndpoint(
        pod=about["name"],
        address=f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
        ready=conditions.get("Ready") == "True",
        ending=bool(about.get("deletionTimestamp")),
        asleep=ASLEEP in notes,
        revision=(about.get("labels") or {}).get(REVISION, ""),
        kind=shown.kind,
        adapters=frozenset(name for name in adapters.split(",") if name),
    )


def pods_of(namespace: str, selector: str) -> WatchedObjects:
    """Watch the pods of one namespace that match a selector."""
    return WatchedObjects(WatchScope(resource=kinds.POD, namespaces=(namespace,), selector=selector))


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

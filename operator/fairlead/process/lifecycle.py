"""A cluster process from start to end: its settings, its signals, the API server, its Lease."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from fairlead.cluster import connection as connecting
from fairlead.cluster import own_deployment
from fairlead.cluster.api_server import ApiServer, RequestObserver, unobserved
from fairlead.cluster.connection import ApiConnection
from fairlead.cluster.lease import LeaseSettings
from fairlead.cluster.own_deployment import OwnerLookup
from fairlead.process import exit_signals
from fairlead.process.garbage_collection import collect_rarely


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    """The flags that every cluster process has."""

    namespaces: tuple[str, ...] = ()
    """The namespaces that it serves; empty: all."""
    lease_namespace: str
    identity: str
    """The holder that is written into its Lease: the pod's name and a random part."""
    deployment: str = ""
    """The Deployment that runs it: its Lease and the webhook's Secret are deleted with it; empty: they stay."""
    lease_seconds: float = 15.0
    """How long after our last renewal others take over; we stop writing at two thirds of it."""
    host: str = "0.0.0.0"  # noqa: S104  # a pod is reached by its address
    health_port: int = 8081
    metrics_port: int = 9090


class ClusterProcess(NamedTuple):
    """A process that is connected to its cluster."""

    settings: ProcessSettings
    connection: ApiConnection
    api: ApiServer
    stop: asyncio.Event
    """Set by the first signal."""

    def owner(self) -> OwnerLookup:
        """Return the Deployment that runs it."""
        return own_deployment.deployment(self.api, self.settings.lease_namespace, self.settings.deployment)

    def reviews(self) -> ApiServer:
        """Return an API server for reviews of tokens and rights: separate, so that they do not delay our writes."""
        return ApiServer(self.connection)

    def lease(self, name: str) -> LeaseSettings:
        """Return the Lease of that name, with our identity in it."""
        settings = self.settings
        return LeaseSettings(
            namespace=settings.lease_namespace,
            name=name,
            identity=settings.identity,
            owner=self.owner(),
            deployment=settings.deployment,
        )


@asynccontextmanager
async def connected(settings: ProcessSettings, observer: RequestObserver = unobserved) -> AsyncIterator[ClusterProcess]:
    """Run the process, from its first signal handler to the end of its connection."""
    collect_rarely(100)
    stop = asyncio.Event()
    exit_signals.on_exit_signal(lambda _: stop.set())
    async with await connecting.connect() as connection:
        yield ClusterProcess(settings, connection, ApiServer(connection, observer), stop)


async def first_of(*works: Coroutine[Any, Any, object]) -> None:
    """Run all until one ends, then end the others one after the other, in this order; an error of any is raised."""
    tasks = [asyncio.create_task(one) for one in works]
    ended: list[object] = []
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
            ended += await asyncio.gather(task, return_exceptions=True)
    for one in ended:
        if isinstance(one, Exception):
            raise one

"""The objects of one kind, or one ConfigMap, that a process follows through a watch of the API server.

While the API server is unavailable the last list stays valid.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.connection import ApiConnection, connect
from fairlead.cluster.credentials import NoCredentials
from fairlead.cluster.http_requests import ObjectName
from fairlead.cluster.informer import Informer
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.watch_scope import WatchScope

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 5.0


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


def config_map_of(namespace: str, name: str) -> WatchedObjects:
    """Select one ConfigMap; the right to watch this one alone suffices."""
    return WatchedObjects(WatchScope(resource=kinds.CONFIG_MAP, namespaces=(namespace,), selector=ObjectName(name)))

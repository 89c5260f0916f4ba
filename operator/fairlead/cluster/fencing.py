"""The API server for the leader: each write first checks that we still hold the Lease, so losing it stops writes."""

from collections.abc import Callable

from fairlead.cluster.api_server import CONTROLLER, ApiServer
from fairlead.cluster.kinds import Manifest, Resource


class NotLeading(Exception):
    """Another process may hold the Lease by now; nothing was sent."""


class FencedApiServer:
    """The API server operations that a reconcile uses."""

    def __init__(self, api: ApiServer, may_write: Callable[[], bool]) -> None:
        self._api = api
        self._may_write = may_write

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """Read one object as it is now."""
        return await self._api.read(resource, namespace, name)

    async def apply(
        self, manifest: Manifest, *, manager: str = CONTROLLER, force: bool = True, subresource: str | None = None
    ) -> Manifest:
        """Server-side apply, as long as we lead."""
        self._check()
        return await self._api.apply(manifest, manager=manager, force=force, subresource=subresource)

    async def remove(
        self, manifest: Manifest, *, uid: str, resource_version: str | None = None, grace_seconds: int | None = None
    ) -> bool:
        """Delete the object with this UID, as long as we lead."""
        self._check()
        return await self._api.remove(manifest, uid=uid, resource_version=resource_version, grace_seconds=grace_seconds)

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object, as long as we lead."""
        self._check()
        return await self._api.create(manifest)

    def _check(self) -> None:
        if not self._may_write():
            raise NotLeading(
                "the Lease was not renewed in time, so nothing is written; wait until a process leads again"
            )

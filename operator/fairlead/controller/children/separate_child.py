"""A child that is applied separately from all others, so that what blocks it stops nothing that serves.

One of the same name that is not ours is left alone.
"""

from abc import ABC, abstractmethod

from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import snapshot
from fairlead.controller.children import obstacles
from fairlead.controller.children.applier import Applier
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.interfaces import ControllerApiClient, ControllerClusterState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.objects.owner import Owner


class SeparateChild(ABC):
    """The only writer of objects of one kind, one for each owner."""

    kind: Resource

    def __init__(self, client: ControllerApiClient, cluster: ControllerClusterState, children: Applier) -> None:
        self._client = client
        self._cluster = cluster
        self._children = children

    @abstractmethod
    def _stored(self, owner: Owner) -> Manifest | None:
        """Return the owner's object, as last watched."""

    @abstractmethod
    def _taken(self, owner: Owner, whose: str) -> Obstacle:
        """Say that its name is taken by an object of another owner."""

    async def _ensured(self, intent: Manifest, owner: Owner, report: OnForeignChange) -> bool:
        """Bring it to the intent; return whether it was created."""
        name = intent["metadata"]["name"]
        live = self._stored(owner) or await self._client.read(self.kind, owner.namespace, name)
        whose = None if live is None else obstacles.foreign_owner(live, owner)
        if whose is not None:
            raise obstacles.ApplyBlocked(self._taken(owner, whose))
        if live is not None and (left := obstacles.garbage_beside(live, owner)) is not None:
            raise obstacles.ChildTerminating(left)
        return await self._children.ensure(intent, owner, report)

    async def _remove(self, owner: Owner) -> None:
        live = self._stored(owner)
        if live is None or not snapshot.owned(live, owner) or "deletionTimestamp" in live["metadata"]:
            return
        await self._client.remove(live, uid=live["metadata"]["uid"])
        self._cluster.gone(live)

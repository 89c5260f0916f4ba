"""What the controller sees and does through: stores that informers fill, the API server, and looks at running pods.

Only doors; whoever stands behind them, a cluster or a test's world, the reconcile does not know.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from fairlead.cluster import interfaces
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.child_losses import ChildLosses
from fairlead.controller.review_context import ObjectKey
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import RouterEndpoint
from fairlead.fleet.engine_load import EngineLoad


class ControllerClusterState(interfaces.ClusterState, Protocol):
    """All that was last heard."""

    @property
    def losses(self) -> ChildLosses:
        """What became of children without our doing."""

    def note(self, manifest: Manifest) -> None:
        """Take in the answer of our own write, so that the next look sees it."""

    def gone(self, manifest: Manifest) -> None:
        """Take in that we removed it."""


class ControllerApiClient(interfaces.ApiClient, Protocol):
    """As much of the API server as a reconcile uses."""

    async def remove(self, manifest: Manifest, *, uid: str, resource_version: str | None = None) -> bool:
        """Delete this very object."""


class PodAccess(Protocol):
    """What running pods say when asked, and do when told."""

    async def endpoints(self, router: Manifest) -> tuple[RouterEndpoint, ...] | None:
        """What a router sees; nothing when it does not answer."""

    async def load(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """What an engine measured; nothing when it does not answer or is not believed."""

    async def sleep(self, pod: Manifest) -> bool:
        """Put an engine to sleep; whether it sleeps now."""

    async def wake(self, pod: Manifest) -> bool:
        """Wake one; whether it is awake now."""


class ReferenceLookup(Protocol):
    """Objects that specs name and nobody watches."""

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = ...
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """Those that are there, with the names of their entries; what lacks a needed one was looked at lately."""


class EventSink(Protocol):
    """Where people read what happened."""

    def transition(self, about: Manifest, condition: Manifest, at: datetime) -> None:
        """A condition turned, or has another reason."""

    def meddled(self, about: Manifest, resource: Resource, note: str, at: datetime) -> None:
        """Somebody else changed a child, and it was put back."""

    def deleted(self, about: Manifest, note: str, at: datetime) -> None:
        """Somebody else deleted a pod."""

    def step(self, about: Manifest, reason: str, note: str, at: datetime) -> None:
        """A count changed, a revision came or went."""

"""What whoever reconciles or advises sees and does through: stores that informers fill, and the API server.

Only doors: a cluster stands behind them, or a test's world.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from fairlead.cluster.kinds import Manifest, Resource


class ObjectLister(Protocol):
    """What was last heard of one kind."""

    def find(self, namespace: str, name: str) -> Manifest | None:
        """By name."""

    def all(self) -> Sequence[Manifest]:
        """Every one."""

    def each(self) -> Iterable[Manifest]:
        """Every one, in no order: for counting."""

    def of_deployment(self, namespace: str, name: str) -> Sequence[Manifest]:
        """Whatever carries the label of that deployment."""


class ClusterState(Protocol):
    """All that was last heard."""

    def of(self, resource: Resource) -> ObjectLister:
        """Objects of one kind."""

    def knows(self, resource: Resource) -> bool:
        """Whether that kind can be seen at all; nodes may be hidden from us."""


class ApiClient(Protocol):
    """As much of the API server as both controller and autoscaler use."""

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """One object as it is now."""

    async def apply(
        self, manifest: Manifest, *, manager: str = ..., force: bool = ..., subresource: str | None = ...
    ) -> Manifest:
        """Server-side apply."""


class CreatingApiClient(ApiClient, Protocol):
    """With objects that have no fixed name: Events."""

    async def create(self, manifest: Manifest) -> Manifest:
        """A new object."""

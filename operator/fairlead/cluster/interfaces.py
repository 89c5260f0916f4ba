"""The interfaces of controller and autoscaler to a cluster: stores that informers fill, and the API server.

Protocols only; a real cluster or a test implements them.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from fairlead.cluster.kinds import Manifest, Resource


class ObjectLister(Protocol):
    """The objects of one kind, as last watched."""

    @property
    def changes(self) -> int:
        """How often an object was stored or dropped: what was computed from all objects stands until this changes."""

    def find(self, namespace: str, name: str) -> Manifest | None:
        """Return the object of that name."""

    def all(self) -> Sequence[Manifest]:
        """Return every object."""

    def each(self) -> Iterable[Manifest]:
        """Return every object, in no order, without the cost of sorting."""

    def of_deployment(self, namespace: str, name: str) -> Sequence[Manifest]:
        """Return every object with the label of that deployment."""

    def of_gateway(self, namespace: str, name: str) -> Sequence[Manifest]:
        """Return every object with the label of that gateway."""


class ClusterState(Protocol):
    """The stores of all kinds."""

    def of(self, resource: Resource) -> ObjectLister:
        """Return the objects of one kind."""

    def has_listed(self, resource: Resource) -> bool:
        """Whether that kind could be listed; the operator may lack the right to read nodes."""


class ApiClient(Protocol):
    """The API server operations that both controller and autoscaler use."""

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """Read one object as it is now."""

    async def apply(
        self, manifest: Manifest, *, manager: str = ..., force: bool = ..., subresource: str | None = ...
    ) -> Manifest:
        """Server-side apply."""


class EventClient(Protocol):
    """The API server operation that sends Events."""

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object."""


class CreatingApiClient(ApiClient, EventClient, Protocol):
    """An ApiClient that also creates objects without a fixed name: Events."""

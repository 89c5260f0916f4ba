"""Events as users would read them, in order."""

from datetime import datetime

from fairlead.cluster.kinds import Manifest, Resource
from fairlead.fleet.hung_replicas import HungReplicaReason


class PretendEvents:
    """Keeps what users would read."""

    def __init__(self) -> None:
        self.published: list[str] = []

    def transition(self, about: Manifest, condition: Manifest, at: datetime) -> None:  # noqa: ARG002
        """Record that a condition changed."""
        self.published.append(f"{condition['type']}={condition['status']}:{condition['reason']}")

    def foreign_change(self, about: Manifest, resource: Resource, note: str, at: datetime) -> None:  # noqa: ARG002
        """Record that another client changed a child."""
        self.published.append(f"PutBack {note}")

    def set_at_admission(self, about: Manifest, note: str, at: datetime) -> None:  # noqa: ARG002
        """Record that admission sets fields of a child."""
        self.published.append(f"SetAtAdmission {note}")

    def deleted(self, about: Manifest, note: str, at: datetime) -> None:  # noqa: ARG002
        """Record that another client deleted a pod."""
        self.published.append(f"Deleted {note}")

    def hung(self, about: Manifest, reason: HungReplicaReason, note: str, at: datetime) -> None:  # noqa: ARG002
        """Record that a replica that hung was replaced, or why it was not."""
        self.published.append(f"{reason.value} {note}")

    def step(self, about: Manifest, reason: str, note: str, at: datetime) -> None:  # noqa: ARG002
        """Record a step."""
        self.published.append(reason)

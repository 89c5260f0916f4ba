"""The facts that a view shows: objects as last watched, the last decision, and recent history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairlead.console.history import HistoryPoint
from fairlead.review.remedies import Remedy
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.what_if import TurningPoint

Manifest = Mapping[str, Any]
Remedies = Mapping[str, Remedy]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentFacts:
    """One deployment."""

    document: Manifest
    accelerators: int = 0
    """Number of accelerators that its pods use."""
    record: DecisionRecord | None = None
    """The last decision; None if it is not scaled, or if another process decides."""
    points: Sequence[HistoryPoint] = field(default=())
    changes: Sequence[TurningPoint] | None = None
    """What would change the decision; None if it was not computed."""

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.document["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.document["metadata"]["name"])

    @property
    def status(self) -> Manifest:
        """Its status; empty before the first reconcile."""
        status: Manifest = self.document.get("status") or {}
        return status

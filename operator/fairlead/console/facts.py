"""What a view is made of: objects as they were last watched, the last decision, and what was seen lately."""

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
    """That its pods hold."""
    record: DecisionRecord | None = None
    """The last decision; None where it is not scaled, or where another process decides."""
    points: Sequence[HistoryPoint] = field(default=())
    changes: Sequence[TurningPoint] | None = None
    """What would change the decision; None where nobody has looked for it."""

    @property
    def namespace(self) -> str:
        """Where it is."""
        return str(self.document["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.document["metadata"]["name"])

    @property
    def status(self) -> Manifest:
        """Empty before an operator has looked at it."""
        status: Manifest = self.document.get("status") or {}
        return status

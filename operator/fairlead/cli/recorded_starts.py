"""Start times of a running deployment's replicas, from its status: simulated replicas start no faster.

The status has the last start and the 95th percentile of the measured ones; the last one stands for the median. The node
wait is not included: the simulation has nodes for every replica.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from fairlead.simulator.virtual_fleet.cold_starts import LogNormalColdStarts


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStarts:
    """From the start of the image pull to ready."""

    usual_s: float
    late_s: float

    @classmethod
    def of(cls, status: Mapping[str, Any]) -> Self | None:
        """Read from the revision with the most replicas; None if none of its starts was measured."""
        revisions = sorted(status.get("revisions") or (), key=lambda one: one.get("replicas") or 0)
        found = (revisions[-1].get("coldStart") or {}) if revisions else {}
        last, late = (float(found.get(name) or 0) for name in ("last", "p95"))
        if not last:
            return None
        pull = float(found.get("imagePull") or 0)
        return cls(usual_s=pull + last, late_s=pull + max(last, late))

    @property
    def distribution(self) -> LogNormalColdStarts:
        """The distribution to draw starts from."""
        return LogNormalColdStarts(p50=self.usual_s, p95=self.late_s)

    @property
    def words(self) -> str:
        """A description of their source, for a report."""
        return (
            f"replicas start as this one's status says: {self.usual_s:.3g} s, 95 % within {self.late_s:.3g} s; "
            "--cold-start says otherwise"
        )

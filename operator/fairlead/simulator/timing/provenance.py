"""The source of a set of coefficients, its number of measurements, and its errors on them.

Every set has one, so that no plan shows a number without it. Decides nothing.
"""

from dataclasses import dataclass
from enum import StrEnum


class ProvenanceLevel(StrEnum):
    """How near the measurements are to the configuration, nearest first."""

    RECORDED = "recorded"
    """A recorded run of this deployment."""
    GROUP = "group"
    """Published runs of this model on this GPU with this engine and parallelism."""
    OTHER_LAYOUT = "otherLayout"
    """Published runs that differ from it only in parallelism."""
    PHYSICS = "physics"
    """Published runs of other models or GPUs: only the shares of bandwidth and arithmetic are used."""
    ROOFLINE = "roofline"
    """No measurements: assumed shares of the data sheet's rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of one set."""

    level: ProvenanceLevel
    source: str
    """Source of the measurements or of the assumption, with the licence of third-party data."""
    measurements: int = 0
    token_error: float | None = None
    """Median absolute error of TPOT, as a share, on measurements that the set was not fitted to."""
    first_token_error: float | None = None
    """The same for TTFT."""
    note: str = ""
    """How the measurements differ from the configuration."""

    def line(self) -> str:
        """One line for logs and reports."""
        stands = f"{self.measurements:,} measurements" if self.measurements else "no measurement"
        errors = [
            f"{name} {error:.0%}"
            for name, error in (("TPOT", self.token_error), ("TTFT", self.first_token_error))
            if error is not None
        ]
        wrong = f"median error {', '.join(errors)}" if errors else "error unknown"
        text = f"step times: {self.level} ({stands}; {wrong}); {self.source}"
        return f"{text}; {self.note}" if self.note else text

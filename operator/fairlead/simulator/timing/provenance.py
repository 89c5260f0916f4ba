"""Where a set of coefficients comes from, on how many measurements it stands, and how wrong it was there.

Carried by every set, so that no plan shows a number without it. Never decides anything.
"""

from dataclasses import dataclass
from enum import StrEnum


class ProvenanceLevel(StrEnum):
    """How near the measurements are to what is asked, nearest first."""

    RECORDED = "recorded"
    """A run of this very deployment."""
    GROUP = "group"
    """Published runs of this model on this GPU with this engine and parallelism."""
    OTHER_LAYOUT = "otherLayout"
    """The same with other parallelism."""
    PHYSICS = "physics"
    """Of other models or other GPUs: only the shares of bandwidth and arithmetic are carried over."""
    ROOFLINE = "roofline"
    """None at all: assumed shares of the data sheet's rates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """The origin of one set."""

    level: ProvenanceLevel
    source: str
    """Of the measurements, or of the assumption; with licence where it is somebody's data."""
    measurements: int = 0
    token_error: float | None = None
    """Median absolute error of the time between tokens, as a share, on measurements the set did not see."""
    first_token_error: float | None = None
    """The same of the time to the first token."""
    note: str = ""
    """What was not as asked."""

    def line(self) -> str:
        """One line for people."""
        stands = f"{self.measurements:,} measurements" if self.measurements else "no measurement"
        errors = [
            f"{name} {error:.0%}"
            for name, error in (("TPOT", self.token_error), ("TTFT", self.first_token_error))
            if error is not None
        ]
        wrong = f"median error {', '.join(errors)}" if errors else "error unknown"
        said = f"step times: {self.level} ({stands}; {wrong}); {self.source}"
        return f"{said}; {self.note}" if self.note else said

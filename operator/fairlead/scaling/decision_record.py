"""One decision as it is kept: what was seen, what was remembered, what was answered; enough to decide it again."""

from dataclasses import dataclass

from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.recommendation import Recommendation
from fairlead.scaling.scaling_state import ScalingState


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """Whole by itself: lines before it may be missing."""

    namespace: str
    name: str
    now: float
    facts: ScalingFacts
    memory: ScalingState
    """Before this decision."""
    recommendation: Recommendation
    version: str
    """Of the program that decided; another one may decide otherwise."""

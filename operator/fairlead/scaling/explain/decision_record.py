"""One decision as it is recorded: facts, memory and answer, which is enough to repeat it."""

from dataclasses import dataclass

from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """Complete by itself, since earlier lines may be missing."""

    namespace: str
    name: str
    now: float
    facts: ScalingFacts
    memory: ScalingState
    """The state before this decision."""
    recommendation: Recommendation
    version: str
    """The version of the program that decided; another version may decide differently."""

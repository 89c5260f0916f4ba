"""The record of one decision: facts, memory and answer, which is enough to repeat it."""

from dataclasses import dataclass

from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRecord:
    """One decision, self-contained since earlier lines may be missing."""

    namespace: str
    name: str
    now: float
    facts: ScalingFacts
    memory: ScalingState
    """The state before this decision."""
    recommendation: Recommendation
    version: str
    """Version of the program that decided; another version may decide differently."""

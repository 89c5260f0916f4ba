"""One decision, from facts and memory to a recommendation and the next memory: signals ask, limits answer."""

from fairlead.scaling.facts import Facts
from fairlead.scaling.memory import Memory
from fairlead.scaling.recommendation import Recommendation, ScalingReason


def recommend(facts: Facts, memory: Memory, now: float) -> tuple[Recommendation, Memory]:  # noqa: ARG001
    """How many replicas now, why, and what to remember."""
    held = Recommendation(replicas=facts.wanted, reason=ScalingReason.STEADY, message="nothing is decided yet")
    return held, memory

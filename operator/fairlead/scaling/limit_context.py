"""All that one rule may look at while it limits an answer, and what a rule is. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.scaling.answer_history import AnswerHistory
from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.recommendation import AppliedLimit, ScalingBound
from fairlead.scaling.schedule_windows import ScheduleBounds
from fairlead.scaling.signal_summary import SignalSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitContext:
    """One moment of one deployment."""

    asked: SignalSummary
    facts: ScalingFacts
    pacing: AnswerHistory
    """With this moment in its windows."""
    now: float
    in_force: ScheduleBounds
    idle: bool
    """Nobody has asked for so long that no replica is needed."""


LimitRule = Callable[[int, LimitContext], AppliedLimit | None]
"""From the answer so far to what becomes of it; nothing: it may stay."""


def limit(bound: ScalingBound, before: int, after: int, because: str) -> AppliedLimit | None:
    """A limit, where it moves anything."""
    return AppliedLimit(bound=bound, before=before, after=after, because=because) if after != before else None

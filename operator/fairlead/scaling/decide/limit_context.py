"""What a limit rule sees, and the signature of a rule. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.scaling.decide.answer_history import AnswerHistory
from fairlead.scaling.decide.recommendation import AppliedLimit, ScalingBound
from fairlead.scaling.decide.schedule_windows import ScheduleBounds
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import ScalingFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitContext:
    """The context of one decision about one deployment."""

    summary: SignalSummary
    facts: ScalingFacts
    history: AnswerHistory
    """Already includes the present need and count."""
    now: float
    in_force: ScheduleBounds
    idle: bool
    """Whether no request has come for so long that no replica is needed."""


LimitRule = Callable[[int, LimitContext], AppliedLimit | None]
"""Takes the answer so far and returns a limit that changes it, or None."""


def limit(bound: ScalingBound, before: int, after: int, because: str) -> AppliedLimit | None:
    """Return a limit if it changes anything."""
    return AppliedLimit(bound=bound, before=before, after=after, because=because) if after != before else None

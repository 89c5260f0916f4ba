"""What one decision hands to the next: everything that was learnt, bounded in size and plain enough for a record.

Each part belongs to the file that knows its subject; here they only stand beside each other.
"""

from dataclasses import dataclass, field

from fairlead.scaling.answer_history import AnswerHistory
from fairlead.scaling.estimates import Estimates


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingState:
    """Nothing at first."""

    learnt: Estimates = field(default_factory=Estimates)
    """Rates of demand, forecasts and their errors, speeds by revision, cold starts."""
    pacing: AnswerHistory = field(default_factory=AnswerHistory)
    """What was recommended lately, when somebody last asked, what could not be placed."""

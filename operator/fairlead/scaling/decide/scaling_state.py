"""What one decision passes on to the next: all estimates, bounded in size and plain enough for a record.

Each part belongs to the module that knows its subject; this one only joins them.
"""

from dataclasses import dataclass, field

from fairlead.scaling.decide.answer_history import AnswerHistory
from fairlead.scaling.learn.estimates import Estimates


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingState:
    """The memory of one deployment; initially empty."""

    estimates: Estimates = field(default_factory=Estimates)
    """Arrivals, forecasts and their errors, speeds by revision, cold starts."""
    answer_history: AnswerHistory = field(default_factory=AnswerHistory)
    """Recent recommendations and needs, the reported reason, and replicas that found no node."""

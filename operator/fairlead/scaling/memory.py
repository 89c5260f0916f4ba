"""What one decision hands to the next: everything that was learnt, bounded in size and plain enough for a record.

Each part belongs to the file that knows its subject; here they only stand beside each other.
"""

from dataclasses import dataclass, field

from fairlead.scaling.learning import Learnt
from fairlead.scaling.pacing import Pacing


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Nothing at first."""

    learnt: Learnt = field(default_factory=Learnt)
    """Rates of demand, forecasts and their errors, speeds by revision, cold starts."""
    pacing: Pacing = field(default_factory=Pacing)
    """What was recommended lately, when somebody last asked, what could not be placed."""

"""All that one rule may look at while it limits an answer, and what a rule is. Values only."""

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.scaling.asked import Asked
from fairlead.scaling.facts import Facts
from fairlead.scaling.pacing import Pacing
from fairlead.scaling.recommendation import Bound, Limit
from fairlead.scaling.windows import InForce


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """One moment of one deployment."""

    asked: Asked
    facts: Facts
    pacing: Pacing
    """With this moment in its windows."""
    now: float
    in_force: InForce
    idle: bool
    """Nobody has asked for so long that no replica is needed."""


Rule = Callable[[int, Situation], Limit | None]
"""From the answer so far to what becomes of it; nothing: it may stay."""


def moved(bound: Bound, before: int, after: int, because: str) -> Limit | None:
    """A limit, where it moves anything."""
    return Limit(bound=bound, before=before, after=after, because=because) if after != before else None

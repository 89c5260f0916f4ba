"""How many replicas stand ready beyond those asked for: answers are rounded up, held for a while, and come late.

What users feel is the work of those that are ready. A fleet that always has a fifth more than it asks for keeps its
promises with less asked for, so the demand is divided by what was usually beyond it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log
from typing import Final

from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.recommendation import AppliedLimit, ScalingBound

SMOOTHING_HORIZONS: Final = 16.0
"""Cold starts in which what is beyond is half believed: half an hour at two minutes, several times a window of
stabilisation."""
MASKING_BOUNDS: Final = frozenset(
    {
        ScalingBound.MISSING_FIGURES,
        ScalingBound.SCHEDULE,
        ScalingBound.MIN_REPLICAS,
        ScalingBound.MAX_REPLICAS,
        ScalingBound.BUDGET,
        ScalingBound.NO_ROOM,
    }
)
"""Limits that say nothing of how answers follow the need."""
LEAST: Final = 0.7
"""What a longer hold than usual may hide is not bet on further."""
MOST: Final = 1.1
"""A fleet that runs behind its growth asks for so much more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverprovisioningEstimate:
    """Nothing at first: of the logarithm of those ready over those asked for."""

    mean: float = 0.0
    square: float = 0.0
    """The mean of its square."""
    at: float | None = None
    """When that was."""


def tracked_need(need: float, limits: Iterable[AppliedLimit], facts: ScalingFacts) -> float | None:
    """What was asked for, where the fleet follows it; nothing where a bound answers, or nobody."""
    hidden = any(one.bound in MASKING_BOUNDS for one in limits)
    return need if facts.policy.active and need > max(facts.bounds.least, 1) and not hidden else None


def updated(
    before: OverprovisioningEstimate, ready: int, need: float | None, horizon: float, now: float
) -> OverprovisioningEstimate:
    """With how it is now; nothing is learnt where nothing is followed, as it hides what would have been."""
    if need is None or ready <= 0 or before.at is None:
        return OverprovisioningEstimate(mean=before.mean, square=before.square, at=now)
    elapsed = max(now - before.at, 0.0)
    weight = elapsed / (elapsed + SMOOTHING_HORIZONS * horizon)
    beyond = log(ready / need)
    return OverprovisioningEstimate(
        mean=before.mean + weight * (beyond - before.mean),
        square=before.square + weight * (beyond * beyond - before.square),
        at=now,
    )


def factor(excess: OverprovisioningEstimate, power: float) -> float:
    """Of what would be asked for if just as many were ready, where misses grow with this power of use: one hour with
    too few costs more than another with too many gives back."""
    scatter = max(excess.square - excess.mean * excess.mean, 0.0)
    return min(max(exp(power * scatter / 2 - excess.mean), LEAST), MOST)

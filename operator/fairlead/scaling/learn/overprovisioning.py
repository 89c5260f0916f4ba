"""How many more replicas are usually ready than needed: answers are rounded up, held for a while, and take effect late.

SLO attainment results from the ready replicas. A fleet that always has a fifth more than it needs meets its objectives
at a smaller need, so the need is divided by the usual surplus.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, log
from typing import Final

from fairlead.scaling.decide.recommendation import AppliedLimit, ScalingBound
from fairlead.scaling.facts import ScalingFacts

SMOOTHING_HORIZONS: Final = 16.0
"""Cold starts after which a new surplus counts half: half an hour at two minutes, several times a stabilization
window."""
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
"""Limits under which the count does not follow the need, so the surplus is meaningless."""
LEAST: Final = 0.7
"""Least factor: an unusually long hold may fake a surplus, which must not shrink the need further."""
MOST: Final = 1.1
"""Largest factor: a fleet that follows its growth too late needs at most this much more."""
LARGEST_SURPLUS: Final = 0.4
"""Limit of one sample, as a logarithm in either direction: half as much again. A step in demand leaves a fleet with a
seventh of its need for one cold start, and a backlog with twice its need afterwards; neither is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverprovisioningEstimate:
    """Mean logarithm of ready over needed replicas; initially 0."""

    mean: float = 0.0
    square: float = 0.0
    """Mean of its square."""
    need: float | None = None
    """Mean logarithm of the need; None before there was one."""
    at: float | None = None
    """When it was last updated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverprovisioningCorrection:
    """Compensates for the usual surplus."""

    factor: float = 1.0
    """Factor on the need at which the surplus was seen."""
    seen_at: float | None = None
    """That need; None if none was seen."""

    def at(self, need: float) -> float:
        """Return the factor on this need. A larger fleet has the same number of surplus replicas, not the same share:
        much of a surplus is rounding, and what a fleet learnt at night must not be missing in the morning."""
        if self.seen_at is None or self.factor >= 1:
            return self.factor
        return 1 - (1 - self.factor) * min(self.seen_at / need, 1.0)


NO_CORRECTION: Final = OverprovisioningCorrection()


def tracked_need(need: float, limits: Iterable[AppliedLimit], facts: ScalingFacts) -> float | None:
    """Return the need if the count follows it; None if a bound decides or the policy is not active."""
    hidden = any(one.bound in MASKING_BOUNDS for one in limits)
    return need if facts.policy.active and need > max(facts.bounds.least, 1) and not hidden else None


def updated(
    before: OverprovisioningEstimate, ready: int, need: float | None, horizon: float, now: float
) -> OverprovisioningEstimate:
    """Add the present surplus; unchanged if the count does not follow the need, as the surplus is meaningless then."""
    if need is None or ready <= 0 or before.at is None:
        return replace(before, at=now)
    elapsed = max(now - before.at, 0.0)
    weight = elapsed / (elapsed + SMOOTHING_HORIZONS * horizon)
    size = log(need)
    beyond = min(max(log(ready / need), -LARGEST_SURPLUS), LARGEST_SURPLUS)
    return OverprovisioningEstimate(
        mean=before.mean + weight * (beyond - before.mean),
        square=before.square + weight * (beyond * beyond - before.square),
        need=size if before.need is None else before.need + weight * (size - before.need),
        at=now,
    )


def correction(estimate: OverprovisioningEstimate, power: float) -> OverprovisioningCorrection:
    """Return what compensates for the usual surplus. Misses grow with this power of use, so its scatter counts too: an
    hour with too few replicas costs more than one with too many gains."""
    scatter = max(estimate.square - estimate.mean * estimate.mean, 0.0)
    factor = min(max(exp(power * scatter / 2 - estimate.mean), LEAST), MOST)
    return OverprovisioningCorrection(factor=factor, seen_at=None if estimate.need is None else exp(estimate.need))

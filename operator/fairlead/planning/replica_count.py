"""How many replicas are wanted: a fixed count, a recommendation within bounds, or until then the current count."""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.policies import ReplicaBounds
from fairlead.planning import sentences


class CountReason(StrEnum):
    """The source of a count."""

    FIXED = "Fixed"
    """Set in the spec by a person, `kubectl scale` or another autoscaler."""
    RECOMMENDED = "Recommended"
    BOUNDED = "Bounded"
    """The recommendation is outside the bounds; the nearest bound applies."""
    NO_RECOMMENDATION = "NoRecommendation"
    """There is no recommendation yet: the current count stays, within the bounds."""
    ADVISED = "Advised"
    """The policy only advises: the current count stays, within the bounds or where its budget had led."""
    OVER_BUDGET = "OverBudget"
    """The policy's budget pays for fewer than the lower bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaCount:
    """How many replicas are wanted, and why."""

    replicas: int
    reason: CountReason
    because: str


def wanted(
    replicas: int | ReplicaBounds,
    recommended: int | None,
    current: int,
    *,
    advised: bool = False,
    over_budget: bool = False,
) -> ReplicaCount:
    """Return the count that a rollout works towards; never negative, whatever was written or recommended.

    `advised`: the policy only advises. `over_budget`: its budget pays for no more than what is recommended, and so may
    lead below the lower bound; a policy that acted before and only advises now leaves a count below it where it is.
    """
    if isinstance(replicas, int):
        fixed = max(0, replicas)
        return ReplicaCount(replicas=fixed, reason=CountReason.FIXED, because=f"spec.replicas asks for {fixed}")
    if recommended is None and advised:
        return _advised(replicas, current, over_budget)
    if recommended is None:
        return _without_recommendation(replicas, current)
    if over_budget and recommended < replicas.least:
        paid = _within(recommended, 0, replicas.most)
        because = f"the budget pays for {sentences.replicas(paid)}, {_bounds(replicas)}: the budget wins"
        return ReplicaCount(replicas=paid, reason=CountReason.OVER_BUDGET, because=because)
    count = _within(recommended, replicas.least, replicas.most)
    if count == recommended:
        because = f"{sentences.replicas(count)} recommended, {_bounds(replicas)}"
        return ReplicaCount(replicas=count, reason=CountReason.RECOMMENDED, because=because)
    because = f"{recommended} recommended, {_bounds(replicas)}: {sentences.replicas(count)}"
    return ReplicaCount(replicas=count, reason=CountReason.BOUNDED, because=because)


def _advised(bounds: ReplicaBounds, current: int, over_budget: bool) -> ReplicaCount:
    """Keep the count; the lower bound lifts it unless the budget pays for fewer."""
    least = min(bounds.least, current) if over_budget else bounds.least
    count = _within(current, least, bounds.most)
    why = ", its budget pays for fewer" if count < bounds.least else ""
    because = f"the policy only recommends, {_bounds(bounds)}{why}: {sentences.replicas(count)}"
    return ReplicaCount(replicas=count, reason=CountReason.ADVISED, because=because)


def _without_recommendation(bounds: ReplicaBounds, current: int) -> ReplicaCount:
    """Keep at least one, since nothing can be learnt from a model that never served."""
    count = _within(current, max(1, bounds.least), bounds.most)
    because = f"nothing recommended yet, {_bounds(bounds)}: {sentences.replicas(count)}"
    return ReplicaCount(replicas=count, reason=CountReason.NO_RECOMMENDATION, because=because)


def _within(count: int, least: int, most: int) -> int:
    """Clamp the count; the upper bound wins over a contradicting lower one, to limit the cost."""
    return max(0, min(max(count, least), most))


def _bounds(bounds: ReplicaBounds) -> str:
    return f"{bounds.least} to {bounds.most} allowed"

"""Limits from schedules, the deployment's own bounds, and the budget.

The deployment's bounds are hard. So is the budget: it may force fewer than minReplicas, and its message says so.
"""

from decimal import ROUND_FLOOR, Decimal

from fairlead.fleet.plurals import count, verb
from fairlead.scaling.decide.limit_context import LimitContext, limit
from fairlead.scaling.decide.recommendation import AppliedLimit, ScalingAdvice, ScalingBound
from fairlead.scaling.facts import ScalingFacts


def schedule(n: int, context: LimitContext) -> AppliedLimit | None:
    """Apply the active schedules; the deployment's own bounds come after them."""
    now = context.in_force
    if now.least_by and n < now.least:
        return limit(ScalingBound.SCHEDULE, n, now.least, f"schedule {now.least_by} keeps at least {now.least}")
    if now.most_by and n > max(now.most, now.least):
        words = f"schedule {now.most_by} allows at most {now.most}"
        if now.least > now.most:
            words += f", and schedule {now.least_by}, which opens soon, needs {now.least}"
        return limit(ScalingBound.SCHEDULE, n, max(now.most, now.least), words)
    return None


def min_replicas(n: int, context: LimitContext) -> AppliedLimit | None:
    """Apply the deployment's minReplicas."""
    least = context.facts.bounds.least
    return limit(ScalingBound.MIN_REPLICAS, n, max(n, least), f"minReplicas is {least}")


def max_replicas(n: int, context: LimitContext) -> AppliedLimit | None:
    """Apply the deployment's maxReplicas."""
    most = context.facts.bounds.most
    return limit(ScalingBound.MAX_REPLICAS, n, min(n, most), f"maxReplicas is {most}")


def budget(n: int, context: LimitContext) -> AppliedLimit | None:
    """Limit to as many replicas as the policy's budget pays for."""
    paid = affordable(context.facts)
    if paid is None or n <= paid:
        return None
    return limit(ScalingBound.BUDGET, n, paid, bill(n, context.facts))


def bill(n: int, facts: ScalingFacts) -> str:
    """Return that this many replicas cost more than the budget."""
    price, most = facts.price_per_hour, facts.policy.max_cost_per_hour
    return f"{count(n, 'replica')} at {price:g} an hour each {verb(n, 'costs')} more than maxCostPerHour {most}"


def affordable(facts: ScalingFacts) -> int | None:
    """Return how many replicas the budget pays for; None if there is no budget or the price is unknown."""
    return paid_for(facts.policy.max_cost_per_hour, facts.price_per_hour)


def paid_for(most: Decimal | None, price: float | None) -> int | None:
    """Return how many replicas of a price an hour a budget pays for; None if either is missing."""
    if most is None or not price:
        return None
    return int((most / Decimal(repr(price))).to_integral_value(ROUND_FLOOR))


def budget_advice(facts: ScalingFacts) -> tuple[ScalingAdvice, ...]:
    """Return bounds of a policy that contradict each other or have no effect."""
    paid, least = affordable(facts), facts.bounds.least
    if paid is not None and paid < least:
        pays = f"maxCostPerHour pays for {count(paid, 'replica')}"
        words = f"{pays} and minReplicas is {least}: the budget wins, so raise it or lower minReplicas"
        return (ScalingAdvice(subject="policy", because=words),)
    if facts.policy.max_cost_per_hour is not None and facts.price_per_hour is None:
        words = "the price of this accelerator is not known, so maxCostPerHour limits nothing: add it to the prices"
        return (ScalingAdvice(subject="policy", because=words),)
    return ()

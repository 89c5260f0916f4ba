"""Reviews a policy together with a deployment that names it: each is valid by itself, but they do not match.

All findings are warnings: either object may be corrected, and their authors may be different people.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from fairlead.fleet.findings import SpecWarning
from fairlead.fleet.plurals import count, verb
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.scaling.lint.lint_reasons import LintReason


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUse:
    """The part of a deployment that matters to its policy."""

    bounds: ReplicaBounds
    price_per_hour: float | None = None
    """Price of one replica."""
    sleeps: bool = False
    engine_queue: int | None = None
    """Most requests that may wait in one engine; None for no limit."""
    router_queue: int | None = None
    """Most requests that may wait in its routers; None if unknown."""
    held_seconds: float | None = None
    """How long its routers hold a request for the first replica; None if unknown."""


def policy_use_warnings(user: PolicyUse, policy: ScalingPolicy) -> Iterator[SpecWarning]:
    """Yield everything that one of the two sets and the other prevents."""
    for check in CHECKS:
        yield from check(user, policy)


def _zero(user: PolicyUse, policy: ScalingPolicy) -> Iterator[SpecWarning]:
    least, after = user.bounds.least, policy.zero_after_seconds
    if least == 0 and after is None:
        because = f"policy {user.bounds.policy} has no idle.scaleToZero, so the last replica stays"
        yield _warning("minReplicas", 0, LintReason.NEVER_AT_ZERO, (because, "add it to the policy, or write 1"))
    if least > 0 and after is not None:
        because = (
            f"policy {user.bounds.policy} removes the last replica after {after:g} s, and minReplicas keeps {least}"
        )
        remedy = "write 0, or name a policy without idle.scaleToZero"
        yield _warning("minReplicas", least, LintReason.NEVER_AT_ZERO, (because, remedy))


def _holding(user: PolicyUse, policy: ScalingPolicy) -> Iterator[SpecWarning]:
    held, cold = user.held_seconds, policy.cold_start.assume_seconds
    if user.bounds.least == 0 and policy.zero_after_seconds is not None and held is not None and held < cold:
        because = f"its routers hold requests for {held:g} s, and the first replica takes {cold:g} s to start"
        remedy = f"raise spec.router.hold.maxTime above {cold:g}s, or write 1"
        yield _warning("minReplicas", 0, LintReason.SHORTER_THAN_COLD_START, (because, remedy))


def _schedules(user: PolicyUse, policy: ScalingPolicy) -> Iterator[SpecWarning]:
    least, most = user.bounds.least, user.bounds.most
    for one in policy.schedules:
        if one.min_replicas is not None and one.min_replicas > most:
            because = f"schedule {one.name} of policy {user.bounds.policy} wants at least {one.min_replicas}"
            remedy = f"write at least {one.min_replicas}, or lower the schedule's minReplicas"
            yield _warning("maxReplicas", most, LintReason.OUT_OF_BOUNDS, (because, remedy))
        if one.max_replicas is not None and one.max_replicas < least:
            because = f"schedule {one.name} of policy {user.bounds.policy} allows at most {one.max_replicas}"
            remedy = f"write at most {one.max_replicas}, or raise the schedule's maxReplicas"
            yield _warning("minReplicas", least, LintReason.OUT_OF_BOUNDS, (because, remedy))


def _budget(user: PolicyUse, policy: ScalingPolicy) -> Iterator[SpecWarning]:
    budget, price, least = policy.max_cost_per_hour, user.price_per_hour, max(user.bounds.least, 1)
    if budget is None:
        return
    if price is None:
        because = (
            f"the price of its accelerator is not known, so the budget of policy {user.bounds.policy} limits nothing"
        )
        remedy = "set its price in the chart's value products, or do not rely on the budget"
        yield _warning("policy.name", user.bounds.policy or "", LintReason.PRICE_UNKNOWN, (because, remedy))
    elif least * Decimal(repr(price)) > budget:
        bill = f"{count(least, 'replica')} at {price:g} an hour each {verb(least, 'costs')} more"
        because = f"{bill} than the {budget} of policy {user.bounds.policy}"
        remedy = "lower it, or raise budget.maxCostPerHour: the budget wins"
        if Decimal(repr(price)) > budget:
            then = "until then" if policy.active else "in mode Active"
            remedy = f"raise budget.maxCostPerHour to {price:g} or more: {then} requests get 503, as none starts"
        yield _warning("minReplicas", user.bounds.least, LintReason.OVER_BUDGET, (because, remedy))


def _queue(user: PolicyUse, policy: ScalingPolicy) -> Iterator[SpecWarning]:
    """Compare queue limits: the routers' queue is shared by all replicas; each engine has its own."""
    target, replicas = policy.signals.queue_per_replica, max(user.bounds.least, 1)
    if target is None or user.engine_queue is None or user.router_queue is None:
        return
    most = user.engine_queue + user.router_queue / replicas
    if target > most:
        because = f"the queue target of {target} a replica is never exceeded: at most {most:g} can wait for each"
        remedy = f"lower signals.queueDepth.targetPerReplica of policy {user.bounds.policy} below that"
        yield _warning("policy.name", user.bounds.policy or "", LintReason.NEVER_FIRES, (because, remedy))


def _spares(user: PolicyUse, policy: ScalingPolicy) -> Iterator[SpecWarning]:
    ready, asleep = policy.warm_pool.ready, policy.warm_pool.asleep
    if max(user.bounds.least, 1) + ready + asleep > user.bounds.most:
        spares = count(ready + asleep, "replica")
        because = f"the warm pool of policy {user.bounds.policy} keeps {spares} above those that are needed"
        remedy = "raise it, or shrink the pool: spares count towards it"
        yield _warning("maxReplicas", user.bounds.most, LintReason.OUT_OF_BOUNDS, (because, remedy))
    if asleep and not user.sleeps:
        because = f"policy {user.bounds.policy} wants {asleep} asleep, and this engine cannot sleep, so none is kept"
        remedy = "set spec.engine.sleep.enabled, or name a policy without warmPool.asleep"
        yield _warning("policy.name", user.bounds.policy or "", LintReason.CANNOT_SLEEP, (because, remedy))


PolicyUseCheck = Callable[[PolicyUse, ScalingPolicy], Iterator[SpecWarning]]
CHECKS: Final[tuple[PolicyUseCheck, ...]] = (_zero, _holding, _schedules, _budget, _queue, _spares)


def _warning(field: str, value: object, reason: LintReason, words: tuple[str, str]) -> SpecWarning:
    because, remedy = words
    return SpecWarning(field=f"spec.scaling.{field}", value=str(value), reason=reason, because=because, remedy=remedy)

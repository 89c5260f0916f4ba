"""The reason and message of an answer, and when status gets new ones.

Both change with the count. While the count stays, another reason is reported only once no decision has given the old
one for a while: otherwise signals that hover around a bound would write to status every second. A bound that keeps
needed replicas from users is reported at once, and withdrawn only after that while.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.fleet.policies import ScalingReason, ScalingSignal
from fairlead.scaling.decide import bounds, shrink_guards
from fairlead.scaling.decide.answer_history import ReportedReason
from fairlead.scaling.decide.limit_context import LimitContext
from fairlead.scaling.decide.recommendation import AppliedLimit, ScalingBound, SignalNeed
from fairlead.scaling.decide.signal_summary import SignalSummary

SETTLING: Final = 1 / 3
"""Share of the age at which samples are stale: as long as one failed scrape may have an effect."""

BY_SIGNAL: Final = {one: ScalingReason[one.name] for one in ScalingSignal if one is not ScalingSignal.TOKENS} | {
    ScalingSignal.TOKENS: ScalingReason.TOKEN_DEMAND
}
BY_BOUND: Final = {
    ScalingBound.MISSING_FIGURES: ScalingReason.FIGURES_MISSING,
    ScalingBound.IDLE: ScalingReason.IDLE,
    ScalingBound.SPARES: ScalingReason.SPARES,
    ScalingBound.STABILIZATION: ScalingReason.STABILIZING,
    ScalingBound.WITHOUT_ONE: ScalingReason.STEADY,
    ScalingBound.STEP_DOWN: ScalingReason.STEP_LIMITED,
    ScalingBound.STEP_UP: ScalingReason.STEP_LIMITED,
    ScalingBound.SCHEDULE: ScalingReason.SCHEDULED,
    ScalingBound.MIN_REPLICAS: ScalingReason.AT_MINIMUM,
    ScalingBound.MAX_REPLICAS: ScalingReason.AT_MAXIMUM,
    ScalingBound.BUDGET: ScalingReason.OVER_BUDGET,
    ScalingBound.NO_ROOM: ScalingReason.NO_ROOM,
}
KEPT_FROM: Final = frozenset({ScalingReason.AT_MAXIMUM, ScalingReason.OVER_BUDGET, ScalingReason.NO_ROOM})
"""More replicas are needed than allowed or possible, so a person has to act."""


def reported_reason(n: int, limits: Sequence[AppliedLimit], context: LimitContext) -> ReportedReason:
    """Return what status reports for this answer, possibly what it reported before."""
    fresh = _fresh(n, limits, context)
    before = context.history.reported
    if before is None or before.replicas != n or _is_urgent(fresh, before):
        return fresh
    if before.matter == fresh.matter:
        return replace(before, over_since=None)
    now, settling = context.now, context.facts.policy.stale_after_seconds * SETTLING
    since = now if before.over_since is None else before.over_since
    return fresh if now - since >= settling else replace(before, over_since=since)


def _is_urgent(fresh: ReportedReason, before: ReportedReason) -> bool:
    """Whether it is reported at once; the controller goes below minReplicas only where the budget is the reason."""
    over_budget = ScalingReason.OVER_BUDGET
    return (fresh.reason is over_budget is not before.reason) or (
        fresh.reason in KEPT_FROM and before.reason not in KEPT_FROM
    )


def _fresh(n: int, limits: Sequence[AppliedLimit], context: LimitContext) -> ReportedReason:
    reason, leading = _reason(n, limits, context), context.summary.leading
    words = limits[-1].because if limits else _unlimited(reason, context)
    words += f"; {_leading_need(leading)}" if limits and leading is not None else ""
    if _pays_for_none(n, context):
        words = bounds.bill(1, context.facts)  # the same with and without requests
    return ReportedReason(
        replicas=n, reason=reason, matter=_matter(reason, context), message=f"{count(n, 'replica')}: {words}"
    )


def _matter(reason: ScalingReason, context: LimitContext) -> str:
    """Return what a message is about; another one is due once that changes, as when a person raises the budget or one
    schedule follows another."""
    if reason is ScalingReason.FIGURES_MISSING:
        return f"{reason} {_doubtful(context.summary)}"
    if reason is ScalingReason.OVER_BUDGET:
        return f"{reason} {context.facts.price_per_hour} {context.facts.policy.max_cost_per_hour}"
    if reason is ScalingReason.SCHEDULED:
        return f"{reason} {context.in_force.least_by} {context.in_force.most_by}"
    return reason.value


def _unlimited(reason: ScalingReason, context: LimitContext) -> str:
    """Return the message without limits; for an empty fleet the signals would only list zeros."""
    leading = context.summary.leading
    if reason is ScalingReason.IDLE:
        return shrink_guards.idle_reason(context)
    return leading.because if leading else "no signal asks for any"


def _reason(n: int, limits: Sequence[AppliedLimit], context: LimitContext) -> ScalingReason:
    """Return the reason of the last limit that changed the answer; Steady if there is none and the count stays."""
    wanted, leading = context.facts.wanted, context.summary.leading
    if n < context.facts.bounds.least or _pays_for_none(n, context):
        return ScalingReason.OVER_BUDGET  # no other rule leads below minReplicas
    if wanted == 0 < n and context.summary.held > 0:
        return ScalingReason.WAKING
    if limits:
        return BY_BOUND[limits[-1].bound]
    if n == 0 and context.idle:
        return ScalingReason.IDLE
    if n == wanted or leading is None:
        return ScalingReason.STEADY
    return BY_SIGNAL[leading.signal]


def _pays_for_none(n: int, context: LimitContext) -> bool:
    """Whether the budget keeps the count at zero, also while no request asks for more: the first one starts none."""
    return n == 0 == bounds.affordable(context.facts)


def _leading_need(leading: SignalNeed) -> str:
    return f"{leading.signal.value} asks for {leading.replicas}: {leading.because}"


def _doubtful(summary: SignalSummary) -> str:
    return " ".join(sorted(f"{one.who}:{one.what}" for one in summary.questions))

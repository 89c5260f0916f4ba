"""Rules that keep replicas although fewer are needed now: missing figures, spares, the last replica, a recent need."""

from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.fleet.policies import ScalingPolicy
from fairlead.scaling.decide import replica_need, stabilization_window
from fairlead.scaling.decide.limit_context import LimitContext, limit
from fairlead.scaling.decide.recommendation import AppliedLimit, ScalingBound
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import ScalingFacts

MARGIN: Final = 1.2
"""Multiple of the need below which a fleet does not shrink, so that noise does not remove and bring back a replica."""
TURNING_MARGIN: Final = 1.4
"""The same for a fleet that grew recently."""
NAMED: Final = 3
"""Problems that a message lists; the rest are only counted."""


def missing_figures(n: int, context: LimitContext) -> AppliedLimit | None:
    """Hold the count: missing figures may let a fleet grow, but never shrink."""
    wanted, summary = context.facts.wanted, context.summary
    if summary.replicas is None:
        return AppliedLimit(bound=ScalingBound.MISSING_FIGURES, before=n, after=n, because=_doubts(summary))
    held = n if summary.may_shrink else max(n, wanted)
    return limit(ScalingBound.MISSING_FIGURES, n, held, _doubts(summary))


def idle(n: int, context: LimitContext) -> AppliedLimit | None:
    """Remove the last replica after a long time without requests, and add the first one when a request waits."""
    summary, policy = context.summary, context.facts.policy
    waiting = max(summary.held, summary.waiting)
    if context.idle:
        return limit(ScalingBound.IDLE, n, 0, idle_reason(context))
    if waiting > 0 or policy.zero_after_seconds is None or context.facts.wanted > 0:
        there = f"{count(summary.ready, 'replica')} ready, {summary.starting} starting"
        waits = f"{count(waiting, 'request')} waiting, {there}"
        return limit(ScalingBound.IDLE, n, max(n, 1), waits if waiting > 0 else _stays(policy))
    return None


def _stays(policy: ScalingPolicy) -> str:
    after = policy.zero_after_seconds
    until = "idle.scaleToZero is not set" if after is None else f"a request came within {after:g} s"
    return f"the last replica stays, as {until}"


def spares(n: int, context: LimitContext) -> AppliedLimit | None:
    """Keep ready replicas above the need, but none on top of a count that is only held."""
    ready = context.facts.policy.warm_pool.ready
    kept = n if context.summary.replicas is None else max(n, serving_replicas(context.summary, context.idle) + ready)
    return limit(ScalingBound.SPARES, n, kept, f"warmPool keeps {count(ready, 'replica')} ready above what is needed")


def stabilization(n: int, context: LimitContext) -> AppliedLimit | None:
    """Keep what was needed within the stabilization window, since it may be needed again."""
    peak = context.history.required[0].replicas
    after = stabilization_window.window(context.history.stabilization, context.facts.policy.pace)
    held = max(n, min(context.facts.wanted, peak))
    words = f"{held} {verb(held, 'was')} needed within the last {after:g} s"
    return limit(ScalingBound.STABILIZATION, n, held, words)


def without_one(n: int, context: LimitContext) -> AppliedLimit | None:
    """Keep a margin above the need, since a fleet that shrinks to the edge grows back at once."""
    need, pace = context.summary.need, context.facts.policy.pace
    if need is None or context.idle:
        return None
    turning = stabilization_window.grew_lately(context.history.stabilization, pace, context.now)
    least = replica_need.whole(need * (TURNING_MARGIN if turning else MARGIN))
    held = max(n, min(context.facts.wanted, least))
    lately = ", which is larger because the fleet grew recently" if turning else ""
    words = f"{count(held, 'replica')} {verb(held, 'keeps')} a margin on the objectives{lately}"
    return limit(ScalingBound.WITHOUT_ONE, n, held, words)


def serving_replicas(summary: SignalSummary, idle: bool) -> int:
    """Return the replicas that serve, without spares."""
    return 0 if idle else max(summary.replicas or 0, 1)


def required(summary: SignalSummary, facts: ScalingFacts) -> int:
    """Return the need for the stabilization window; at least the present count if it is not certain."""
    if summary.replicas is None:
        return facts.wanted
    quiet = summary.is_sure and _expects_no_requests(summary)
    need = serving_replicas(summary, quiet) + facts.policy.warm_pool.ready
    return max(need, facts.wanted) if summary.arrivals_unread else need


def is_idle(summary: SignalSummary, facts: ScalingFacts, now: float, since: float) -> bool:
    """Return whether the last replica may be removed, or need not be added.

    `since` is when the first decision was made: time before it does not count as idle.
    """
    after = facts.policy.zero_after_seconds
    if after is None or facts.bounds.least > 0 or not _expects_no_requests(summary):
        return False
    return facts.wanted == 0 or (summary.is_sure and _silent_for(summary, now, since) >= after)


def idle_reason(context: LimitContext) -> str:
    """Return why the fleet is idle; one that starts at zero may not have been idle for the whole time."""
    after, since = context.facts.policy.zero_after_seconds or 0.0, context.history.since or 0.0
    lasted = _silent_for(context.summary, context.now, since) >= after
    return f"no request came for {after:g} s" if lasted else "no request comes"


def _silent_for(summary: SignalSummary, now: float, since: float) -> float:
    return now - (since if summary.last_arrival is None else summary.last_arrival)


def _expects_no_requests(summary: SignalSummary) -> bool:
    """Return whether no request waits or runs, and no signal needs more than the one replica that always stays."""
    return summary.running + summary.waiting + summary.held <= 0 and (summary.replicas or 0) <= 1


def _doubts(summary: SignalSummary) -> str:
    if not summary.questions:
        return "there are no metrics to decide by"
    named = ", ".join(f"{one.who} ({one.what})" for one in summary.questions[:NAMED])
    more = len(summary.questions) - NAMED
    return f"no reliable metrics from {named}" + (f" and {more} more" if more > 0 else "")

"""Turns the signals' needs into the answer: rules apply in a fixed order, and each change carries its reason.

Missing figures hold the count; then come the last replica, spares, stabilization, one replica fewer and steps; then
schedules, bounds, budget and nodes, where later rules win. Every rule is monotonic: a larger need never leads to a
smaller answer.
"""

from dataclasses import replace
from typing import Final

from fairlead.scaling.decide import (
    accelerator_advice,
    bounds,
    node_capacity,
    reason_messages,
    scaling_steps,
    shrink_guards,
    stabilization_window,
)
from fairlead.scaling.decide.answer_history import AnswerHistory, with_least, with_most
from fairlead.scaling.decide.limit_context import LimitContext, LimitRule
from fairlead.scaling.decide.recommendation import AppliedLimit, Recommendation
from fairlead.scaling.decide.schedule_windows import in_force
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.learn import speculation

RULES: Final[tuple[LimitRule, ...]] = (
    shrink_guards.missing_figures,
    shrink_guards.idle,
    shrink_guards.spares,
    shrink_guards.stabilization,
    shrink_guards.without_one,
    scaling_steps.step_down,
    scaling_steps.step_up,
    bounds.schedule,
    bounds.min_replicas,
    bounds.max_replicas,
    bounds.budget,
    node_capacity.no_room,
)


def apply_limits(
    summary: SignalSummary, facts: ScalingFacts, history: AnswerHistory, now: float
) -> tuple[Recommendation, AnswerHistory]:
    """Return the answer, without the signals' candidates and figures, and the history for the next decision."""
    context = _situation(summary, facts, history, now)
    n, limits = _answer(context)
    reported = reason_messages.reported_reason(n, limits, context)
    state, switched = speculation.updated(summary, facts, context.history.speculation, now)
    answer = Recommendation(
        replicas=n,
        asleep=_asleep(n, context),
        speculates=not state.off,
        reason=reported.reason,
        message=reported.message,
        limits=limits,
        advice=(
            *switched,
            *accelerator_advice.accelerator_advice(summary, facts),
            *bounds.budget_advice(facts),
            *node_capacity.node_advice(facts, context.history.node_shortage),
        ),
    )
    stabilization = context.history.stabilization
    learnt = stabilization_window.updated(stabilization, facts.policy.pace, facts.wanted, n, now)
    return answer, replace(context.history, reported=reported, speculation=state, stabilization=learnt)


def _situation(summary: SignalSummary, facts: ScalingFacts, history: AnswerHistory, now: float) -> LimitContext:
    pace, before = facts.policy.pace, history.as_of(now)
    since = now if before.since is None else before.since
    up, down = scaling_steps.up_while(summary.cold_start_seconds), scaling_steps.down_while(pace.down_after_seconds)
    required, window = shrink_guards.required(summary, facts), stabilization_window.window(before.stabilization, pace)
    if _is_long_ago(history, max(window, facts.policy.stale_after_seconds), now):
        # Earlier needs are unknown, so the present count is taken as the need.
        required = max(required, facts.wanted)
    remembered = replace(
        before,
        since=since,
        required=with_most(before.required, now, required, window),
        most_wanted=with_most(before.most_wanted, now, facts.wanted, down),
        least_wanted=with_least(before.least_wanted, now, facts.wanted, up),
        node_shortage=node_capacity.observed_shortage(before.node_shortage, summary, facts, now),
    )
    return LimitContext(
        summary=summary,
        facts=facts,
        history=remembered,
        now=now,
        in_force=in_force(facts.policy.schedules, facts.bounds, now, summary.cold_start_seconds),
        idle=shrink_guards.is_idle(summary, facts, now, since),
    )


def _is_long_ago(history: AnswerHistory, window: float, now: float) -> bool:
    """Return whether the window had no decision: after a restart or pause, or after the clock was set back, the history
    cannot be used."""
    return not history.required or not 0 <= now - history.required[-1].at <= window


def _answer(context: LimitContext) -> tuple[int, tuple[AppliedLimit, ...]]:
    needed = context.summary.replicas
    n, limits = context.facts.wanted if needed is None else needed, []
    for rule in RULES:
        if limit := rule(n, context):
            limits.append(limit)
            n = limit.after
    return n, tuple(limits)


def _asleep(n: int, context: LimitContext) -> int:
    """Return how many replicas to keep asleep. They keep their GPUs, so bounds, budget and nodes limit them."""
    facts = context.facts
    paid, beside = bounds.affordable(facts), node_capacity.free_replicas(n, context)
    room = [facts.bounds.most - n, *([] if paid is None else [paid - n]), *([] if beside is None else [beside])]
    return max(0, min(facts.policy.warm_pool.asleep, *room)) if facts.sleeps else 0

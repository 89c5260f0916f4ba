"""From what the signals ask for to the answer: each rule may move it, in a fixed order, and says so.

Figures that are missing hold; then the last replica, spares, stabilisation, one replica fewer, steps; then schedules,
bounds, money and nodes, of which the later one has the last word. Every rule keeps the order of two wishes, so that who
asks for more never gets less.
"""

from dataclasses import replace
from typing import Final

from fairlead.scaling import bounds, holding, options, patience, placing, speculation, steps, wording
from fairlead.scaling.asked import Asked, Limited
from fairlead.scaling.facts import Facts
from fairlead.scaling.pacing import Pacing, with_least, with_most
from fairlead.scaling.recommendation import Limit
from fairlead.scaling.situation import Rule, Situation
from fairlead.scaling.windows import in_force

RULES: Final[tuple[Rule, ...]] = (
    holding.missing_figures,
    holding.idle,
    holding.spares,
    holding.stabilization,
    holding.without_one,
    steps.step_down,
    steps.step_up,
    bounds.schedule,
    bounds.min_replicas,
    bounds.max_replicas,
    bounds.budget,
    placing.no_room,
)


def limited(asked: Asked, facts: Facts, pacing: Pacing, now: float) -> tuple[Limited, Pacing]:
    """The answer, and what to remember."""
    situation = _situation(asked, facts, pacing, now)
    n, limits = _answer(situation)
    said = wording.said(n, limits, situation)
    guessing, switched = speculation.judged(asked, facts, pacing.guessing, now)
    answer = Limited(
        replicas=n,
        asleep=_asleep(n, situation),
        speculates=not guessing.off,
        reason=said.reason,
        message=said.message,
        limits=limits,
        advice=(
            *switched,
            *options.advised(asked, facts),
            *bounds.advised(facts),
            *placing.advised(facts, situation.pacing.full),
        ),
    )
    learnt = patience.after(pacing.patience, facts.policy.pace, facts.wanted, n, now)
    return answer, replace(situation.pacing, said=said, guessing=guessing, patience=learnt)


def _situation(asked: Asked, facts: Facts, pacing: Pacing, now: float) -> Situation:
    pace, since = facts.policy.pace, now if pacing.since is None else pacing.since
    up, down = steps.up_while(asked.cold_start_seconds), steps.down_while(pace.down_after_seconds)
    required, window = holding.required(asked, facts), patience.window(pacing.patience, pace)
    if _is_long_ago(pacing, max(window, facts.policy.stale_after_seconds), now):
        # Nobody knows what was needed before, so what is there counts as needed now.
        required = max(required, facts.wanted)
    remembered = replace(
        pacing,
        since=since,
        required=with_most(pacing.required, now, required, window),
        most_wanted=with_most(pacing.most_wanted, now, facts.wanted, down),
        least_wanted=with_least(pacing.least_wanted, now, facts.wanted, up),
        full=placing.watched(pacing.full, asked, facts, now),
    )
    return Situation(
        asked=asked,
        facts=facts,
        pacing=remembered,
        now=now,
        in_force=in_force(facts.policy.schedules, facts.bounds, now, asked.cold_start_seconds),
        idle=holding.is_idle(asked, facts, now, since),
    )


def _is_long_ago(pacing: Pacing, window: float, now: float) -> bool:
    """Whether nobody decided within the window; an autoscaler that was away has memories and no present."""
    return not pacing.required or now - pacing.required[-1].at > window


def _answer(situation: Situation) -> tuple[int, tuple[Limit, ...]]:
    asked = situation.asked.replicas
    n, limits = situation.facts.wanted if asked is None else asked, []
    for rule in RULES:
        if limit := rule(n, situation):
            limits.append(limit)
            n = limit.after
    return n, tuple(limits)


def _asleep(n: int, situation: Situation) -> int:
    """Sleepers keep their GPUs: they count among the most replicas, in the budget, and on the nodes."""
    facts = situation.facts
    paid, beside = bounds.affordable(facts), placing.beside(n, situation)
    room = [facts.bounds.most - n, *([] if paid is None else [paid - n]), *([] if beside is None else [beside])]
    return max(0, min(facts.policy.warm_pool.asleep, *room)) if facts.sleeps else 0

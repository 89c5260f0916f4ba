"""What would change a decision, and which bounds are reached, as sentences."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from fairlead.fleet.plurals import count, verb
from fairlead.fleet.policies import ScalingPolicy
from fairlead.fleet.time_spans import lasting
from fairlead.scaling.decide import bounds
from fairlead.scaling.decide.recommendation import ScalingBound
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.what_if import TurningPoint, WhatIfCause
from fairlead.scaling.facts import ScalingFacts

NOTHING_FOUND: Final = "none of the changes that were tried: more requests waiting, more traffic, less, none, and time"


def changes(turns: Iterable[TurningPoint], record: DecisionRecord) -> list[tuple[str, str]]:
    """Return pairs of the new answer and what would lead to it."""
    return [(_direction(turn, record), _condition(turn, record)) for turn in turns]


def open_bounds(record: DecisionRecord) -> list[str]:
    """Return which bounds are reached and which are not, since users suspect the bounds first. A budget limits nothing
    while the price is unknown, so it is neither."""
    facts, answer = record.facts, record.recommendation.replicas
    moved = {one.bound for one in record.recommendation.limits}
    reached = {
        ScalingBound.MIN_REPLICAS: answer <= facts.bounds.least,
        ScalingBound.MAX_REPLICAS: answer >= facts.bounds.most,
    }
    if (paid := bounds.affordable(facts)) is not None:
        reached[ScalingBound.BUDGET] = answer >= paid
    lines = [f"{_bound(one, facts)} is reached." for one, so in reached.items() if so and one not in moved]
    free = [_bound(one, facts) for one, so in reached.items() if not so and one not in moved]
    return [*lines, *([f"Limits not reached: {', '.join(free)}."] if free else [])]


def moment(seconds: float) -> str:
    """Format the time of day."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%H:%M:%S UTC")


def _direction(turn: TurningPoint, record: DecisionRecord) -> str:
    now = record.recommendation.replicas
    return f"{'grows' if turn.replicas > now else 'shrinks'} to {turn.replicas}"


def _condition(turn: TurningPoint, record: DecisionRecord) -> str:
    """Describe what would have to happen, with times as fine as the moments that `what_if` tried."""
    at, during = moment(record.now + turn.after_seconds), lasting(turn.after_seconds)
    times = f"{turn.factor or 0:.2f} times what it is{_demand(turn, record)}"
    match turn.cause:
        case WhatIfCause.MORE_WAITING:
            more = turn.waiting or 0
            return f"when {count(more, 'more request')} {verb(more, 'waits')} than now for {during}"
        case WhatIfCause.MORE_TRAFFIC:
            return f"when traffic is {times} for {during}"
        case WhatIfCause.AS_IT_IS:
            return f"in about {during}, at {at}, if nothing changes"
        case WhatIfCause.LESS_TRAFFIC:
            return f"in about {during} if traffic falls to {times} or less"
        case WhatIfCause.NO_REQUESTS:
            return f"in about {during}, at {at}, if no request comes from now on"
        case _:
            assert turn.cause is WhatIfCause.WITHOUT_BOUND
            return f"without {_bound(turn.bound, record.facts)}"


def _demand(turn: TurningPoint, record: DecisionRecord) -> str:
    """Return the threshold in the unit that dashboards show."""
    figures = {one.name: one.value for one in record.recommendation.figures}
    prompts = figures.get("demand.promptTokensPerSecond")
    return "" if prompts is None or turn.factor is None else f" ({prompts * turn.factor:,.0f} prompt tokens/s)"


def _bound(bound: ScalingBound | None, facts: ScalingFacts) -> str:
    """Name a bound by the field that sets it."""
    policy: ScalingPolicy = facts.policy
    pace = policy.pace
    named = {
        ScalingBound.MIN_REPLICAS: f"minReplicas {facts.bounds.least}",
        ScalingBound.MAX_REPLICAS: f"maxReplicas {facts.bounds.most}",
        ScalingBound.BUDGET: f"the budget of {policy.max_cost_per_hour} an hour",
        ScalingBound.NO_ROOM: f"the nodes' limit{': ' + facts.room_because if facts.room_because else ''}",
        ScalingBound.STEP_UP: f"the largest step up of {pace.up_max_step} or {pace.up_max_factor:g} times",
        ScalingBound.STEP_DOWN: f"the largest step down of {pace.down_max_step}",
        ScalingBound.SPARES: count(policy.warm_pool.ready, "spare replica"),
        ScalingBound.SCHEDULE: "the schedule",
    }
    return named.get(bound, str(bound)) if bound else ""

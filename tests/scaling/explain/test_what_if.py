"""What would change a decision: found by deciding again, and true when it happens."""

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import pytest

from fairlead.fleet.policies import ReplicaBounds
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.recommendation import ScalingBound
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.explain import projection, what_if
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.what_if import TurningPoint, WhatIfCause
from fairlead.scaling.facts import EnginePodPhase, SampleProblem
from tests.cli.decisions import AT
from tests.scaling.busy_fleets import CHAT, SILENCE, TEN_A_SECOND, after, busy, fleet, steady


def turns(record: DecisionRecord) -> dict[WhatIfCause, TurningPoint]:
    """The first turning point of each cause."""
    found: dict[WhatIfCause, TurningPoint] = {}
    for turn in what_if.turning_points(record):
        found.setdefault(turn.cause, turn)
    return found


@cache
def of_steady() -> dict[WhatIfCause, TurningPoint]:
    """Of a fully loaded fleet."""
    return turns(steady())


def test_the_traffic_at_which_it_grows_makes_it_grow_and_a_little_less_does_not() -> None:
    factor = of_steady()[WhatIfCause.MORE_TRAFFIC].factor or 0.0
    assert 1.0 < factor < 2.0
    baseline = what_if.WhatIfBaseline(record=steady(), traffic=TEN_A_SECOND)
    lasting_steps = baseline.lasting_steps
    assert (
        max(recommendation.replicas for _, recommendation in baseline.ahead(lasting_steps, factor * 1.02))
        > baseline.answer
    )
    assert (
        max(recommendation.replicas for _, recommendation in baseline.ahead(lasting_steps, factor * 0.97))
        == baseline.answer
    )


def test_the_queue_at_which_it_grows_is_the_smallest() -> None:
    waiting = of_steady()[WhatIfCause.MORE_WAITING].waiting or 0
    assert waiting > 1
    baseline = what_if.WhatIfBaseline(record=steady(), traffic=TEN_A_SECOND)
    assert all(
        recommendation.replicas <= baseline.answer
        for _, recommendation in baseline.ahead(baseline.lasting_steps, 1.0, waiting - 1)
    )


def test_a_router_that_cannot_be_read_any_more_changes_no_threshold() -> None:
    """Its last figures are an hour old: what comes and waits is seen at the other one alone."""
    record = steady()
    [one] = record.facts.routers
    assert one.figures is not None
    silent = replace(
        one, name="a-silent-one", problem=SampleProblem.NO_ANSWER, figures=replace(one.figures, at=record.now - 3600)
    )
    seen = replace(record.facts, routers=(silent, one))
    recommendation, _ = recommender.recommend(seen, record.memory, record.now)
    points = turns(replace(record, facts=seen, recommendation=recommendation))
    assert points[WhatIfCause.MORE_TRAFFIC].factor == of_steady()[WhatIfCause.MORE_TRAFFIC].factor
    assert 1 < (points[WhatIfCause.MORE_WAITING].waiting or 0) <= (of_steady()[WhatIfCause.MORE_WAITING].waiting or 0)


def test_the_fleet_shrinks_below_some_traffic_and_without_requests_but_not_by_itself() -> None:
    points = of_steady()
    assert WhatIfCause.AS_IT_IS not in points
    assert points[WhatIfCause.LESS_TRAFFIC].replicas == points[WhatIfCause.NO_REQUESTS].replicas == 3
    assert 0.5 < (points[WhatIfCause.LESS_TRAFFIC].factor or 0.0) < 1.0
    assert 0 < (points[WhatIfCause.NO_REQUESTS].after_seconds or 0.0) <= CHAT.pace.down_after_seconds


def test_what_is_too_many_shrinks_by_itself_once_it_was_for_long_enough() -> None:
    points = turns(after(fleet(wanted=4, running=2.0), TEN_A_SECOND.times(0.1), 200))
    assert points[WhatIfCause.AS_IT_IS].replicas == 3
    assert 0 < points[WhatIfCause.AS_IT_IS].after_seconds <= CHAT.pace.down_after_seconds


def test_the_last_replica_is_removed_after_the_configured_time_without_requests() -> None:
    idle = replace(CHAT, zero_after_seconds=400.0)
    record = after(fleet(2, policy=idle, bounds=ReplicaBounds(least=0, most=4)), TEN_A_SECOND.times(0.3), 200)
    last = what_if.turning_points(record)[-1]
    assert (last.cause, last.replicas) == (WhatIfCause.NO_REQUESTS, 0)
    assert last.after_seconds >= 400.0


def test_from_zero_one_request_is_enough() -> None:
    idle = replace(CHAT, zero_after_seconds=60.0)
    nothing = fleet(0, policy=idle, bounds=ReplicaBounds(least=0, most=4))
    points = turns(after(nothing, SILENCE, 200))
    assert (points[WhatIfCause.MORE_WAITING].waiting, points[WhatIfCause.MORE_WAITING].replicas) == (1, 1)
    assert set(points) == {WhatIfCause.MORE_WAITING}


def test_at_the_most_nothing_makes_it_grow() -> None:
    full = after(fleet(bounds=ReplicaBounds(least=1, most=4)), TEN_A_SECOND, 200)
    assert not {WhatIfCause.MORE_WAITING, WhatIfCause.MORE_TRAFFIC} & set(turns(full))


@pytest.mark.parametrize(
    ("bound", "document"),
    [
        (ScalingBound.MAX_REPLICAS, {"bounds": ReplicaBounds(least=1, most=3), "wanted": 3}),
        (
            ScalingBound.BUDGET,
            {"policy": replace(CHAT, max_cost_per_hour=Decimal(3)), "price_per_hour": 1.0, "wanted": 3},
        ),
        (ScalingBound.NO_ROOM, {"room": 0}),
        (ScalingBound.STEP_UP, {"policy": replace(CHAT, pace=replace(CHAT.pace, up_max_step=1, up_max_factor=1.1))}),
    ],
)
def test_a_bound_that_holds_it_back_is_named_with_what_it_would_be_without(
    bound: ScalingBound, document: dict[str, Any]
) -> None:
    start = fleet(3, running=30.0, **document)
    seen = projection.with_waiting(start, 100.0)
    pressed = replace(seen, policy=replace(seen.policy, signals=replace(CHAT.signals, token_headroom=None)))
    recommendation, _ = recommender.recommend(pressed, ScalingState(), AT)
    record = replace(steady(), facts=pressed, memory=ScalingState(), recommendation=recommendation, now=AT)
    assert bound in {limit.bound for limit in recommendation.limits}
    lifted = [turn for turn in what_if.turning_points(record) if turn.cause is WhatIfCause.WITHOUT_BOUND]
    assert bound in {turn.bound for turn in lifted}
    assert all(turn.replicas > recommendation.replicas for turn in lifted)


def test_a_limit_on_how_many_may_stop_at_once_is_named_with_the_fewer_replicas_without_it() -> None:
    one_at_a_time = replace(CHAT, pace=replace(CHAT.pace, down_after_seconds=60.0, down_max_step=1))
    record = after(fleet(6, running=2.0, policy=one_at_a_time), TEN_A_SECOND.times(0.1), 60)
    assert (record.facts.wanted, record.recommendation.replicas) == (6, 5)
    (lifted,) = (turn for turn in what_if.turning_points(record) if turn.bound is ScalingBound.STEP_DOWN)
    assert (lifted.cause, lifted.replicas) == (WhatIfCause.WITHOUT_BOUND, 3)


def test_while_figures_are_missing_no_turning_point_shrinks_the_fleet() -> None:
    silent = tuple(replace(one, problem=SampleProblem.NO_ANSWER) for one in fleet().pods)
    points = turns(after(fleet(pods=silent), TEN_A_SECOND, 200))
    assert not {WhatIfCause.AS_IT_IS, WhatIfCause.LESS_TRAFFIC, WhatIfCause.NO_REQUESTS} & set(points)


def test_while_traffic_is_unknown_only_waiting_requests_are_tried_as_a_cause() -> None:
    starting = (busy(0, phase=EnginePodPhase.STARTING, ready_at=None),)
    points = turns(after(fleet(pods=starting, wanted=1), SILENCE, 10))
    assert WhatIfCause.MORE_TRAFFIC not in points

"""A clock that is set back: what a limit remembers is then in the future, and holds no longer than it would have."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.fleet.policies import ReplicaBounds, ScalingReason
from fairlead.scaling.decide import pod_inventory, queue_age
from fairlead.scaling.decide.answer_history import (
    AnswerHistory,
    ReplicasAt,
    ReportedReason,
    SpeculationState,
    StabilizationExtension,
)
from fairlead.scaling.decide.queue_age import EngineQueueSample, QueueAge
from fairlead.scaling.decide.recommendation import ScalingBound
from fairlead.scaling.facts import EnginePodPhase
from fairlead.scaling.learn import demand_forecast
from fairlead.scaling.learn.arrival_rates import ArrivalTotals
from fairlead.scaling.learn.demand_forecast import ForecastHistory
from tests.cli.decisions import AT, facts, router
from tests.scaling.fluid_fleets import Fluid
from tests.scaling.limits import COLD, FACTS, START, Fleet, bounds_of, pods, summary_with

STEP: Final = 3600.0


def test_a_fleet_in_the_middle_of_its_growth_grows_on_step_by_step() -> None:
    fleet = Fleet(facts=replace(FACTS, bounds=ReplicaBounds(least=1, most=100)))
    fleet.passes(60, summary_with(4))
    assert fleet.passes(1, summary_with(90)).replicas == 8
    fleet.passes(1, summary_with(90))
    fleet.now -= STEP
    assert fleet.decides(summary_with(90)).replicas == 8
    assert fleet.passes(12, summary_with(90)).replicas == 16
    assert fleet.passes(12, summary_with(90)).replicas == 32


def test_a_fleet_that_needed_more_than_its_maximum_shrinks_after_one_window_and_step_by_step() -> None:
    fleet = Fleet(facts=replace(FACTS, wanted=10))
    fleet.passes(60, summary_with(30))
    fleet.now -= STEP
    assert fleet.decides(summary_with(8)).replicas == 10
    assert fleet.passes(299, summary_with(8)).replicas == 10
    assert fleet.passes(16, summary_with(8)).replicas == 8


def test_what_found_no_node_is_tried_again_after_its_wait() -> None:
    fleet = Fleet(facts=replace(FACTS, pods=pods(EnginePodPhase.READY, 4), wanted=7))
    ready = fleet.facts
    fleet.facts = replace(ready, pods=(*ready.pods, *pods(EnginePodPhase.UNPLACEABLE, 3)))
    assert bounds_of(fleet.passes(COLD, summary_with(7)))[-1] is ScalingBound.NO_ROOM
    fleet.facts = replace(ready, wanted=4)
    fleet.now -= STEP
    assert fleet.decides(summary_with(7)).replicas == 4
    assert fleet.passes(COLD - 1, summary_with(7)).replicas == 4
    assert fleet.passes(1, summary_with(7)).replicas == 7


@pytest.mark.parametrize("required", [(), (ReplicasAt(at=START + STEP, replicas=4),)])
def test_no_time_to_come_is_left(required: tuple[ReplicasAt, ...]) -> None:
    """Without a decision in its memory, as after a restart, the switch of speculation may be in the future alone."""
    later = START + STEP
    report = ReportedReason(replicas=4, reason=ScalingReason.STEADY, matter="Steady", message="4", over_since=later)
    history = AnswerHistory(
        since=START - 5,
        required=required,
        stabilization=StabilizationExtension(shrunk_at=later, grown_at=START - 9),
        reported=report,
        speculation=SpeculationState(switched_at=later, marked_at=later),
    )
    found = history.as_of(START)
    assert found == AnswerHistory(
        since=START - 5,
        required=tuple(replace(one, at=START) for one in required),
        stabilization=StabilizationExtension(shrunk_at=START, grown_at=START - 9),
        reported=replace(report, over_since=START),
        speculation=SpeculationState(switched_at=START, marked_at=START),
    )
    assert found.as_of(START) is found
    assert AnswerHistory().as_of(START) == AnswerHistory()


def test_requests_that_go_on_waiting_have_waited_since_the_clock_was_set_back() -> None:
    line = EngineQueueSample(name="chat-9", at=AT + STEP, waiting=2.0, begun=50.0)
    before = QueueAge(lines=(line,), seconds=8.0, at=AT + STEP, lowest=2.0, since=AT + STEP - 30)
    waits = facts(routers=(router(waiting=2.0, oldest_seconds=9.0),))
    after = queue_age.updated(before, pod_inventory.take(waits, AT), AT)
    assert (after.at, after.since, after.lowest) == (AT, AT, 2.0)


def test_a_pressure_lasts_since_the_clock_was_set_back_and_not_from_a_time_to_come() -> None:
    """Otherwise queue depth and KV cache add nothing to the need by tokens for as long as the clock was ahead."""
    fleet = Fluid().grown(4, at_once=True)
    fleet.lived(12 * COLD, 4.0)
    fleet.waiting = 2.0 * len(fleet.engines) + 1.0
    estimates = replace(fleet.memory.estimates, pressed_since=fleet.now + STEP)
    fleet.memory = replace(fleet.memory, estimates=estimates)
    fleet.decided()
    assert fleet.memory.estimates.pressed_since == fleet.now


def test_forecasts_made_before_the_clock_was_set_back_are_dropped_and_new_ones_made() -> None:
    course = tuple(ArrivalTotals(at=float(at), requests=2.0 * at, prompt_tokens=0.0) for at in range(0, 1000, 4))
    ahead = demand_forecast.updated(ForecastHistory(), course, COLD, 996.0)
    later = tuple(replace(one, due=one.due + 20 * COLD) for one in ahead.pending)
    found = demand_forecast.updated(replace(ahead, pending=later), course, COLD, 996.0)
    assert found.pending == ahead.pending
    kept = demand_forecast.updated(ahead, course, COLD, 996.0 + COLD / 16)
    assert kept.pending == ahead.pending

"""Corners of learning: counters that stop or reset, hours of the week, cold starts that drag on."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.fleet.policies import ColdStart, Objectives
from fairlead.scaling.decide import replica_need
from fairlead.scaling.decide.replica_need import FleetDemand
from fairlead.scaling.facts import EngineFigures, EnginePod, EnginePodPhase, ReplicaSpeed
from fairlead.scaling.learn import arrival_rates, cold_starts, demand_forecast, intervals, replica_speed, request_mix
from fairlead.scaling.learn.arrival_counters import ArrivalCounter
from fairlead.scaling.learn.arrival_rates import ArrivalResolution, Arrivals, ArrivalTotals
from fairlead.scaling.learn.demand_forecast import ForecastErrors, ForecastHistory
from fairlead.scaling.learn.intervals import EngineInterval
from fairlead.scaling.learn.request_mix import RequestMix
from tests.scaling.fluid_fleets import COLD, TRUE

RHYTHM: Final = ArrivalResolution(grain=4.0, stale=30.0)
REQUEST: Final = request_mix.AverageRequest(
    prompt_tokens=1000.0, computed_share=1.0, output_tokens=200.0, held_tokens=1100.0, true_share=1.0
)


def counter_at(at: float, requests: float, name: str = "router") -> ArrivalCounter:
    """A router's counter."""
    return ArrivalCounter(name=name, at=at, requests=requests, prompt_tokens=requests * 100)


def course(*counters: ArrivalCounter | None) -> Arrivals:
    """One read every ten seconds; None: it was silent."""
    arrivals = Arrivals()
    for number, counter in enumerate(counters):
        spoken = (counter,) if counter else ()
        arrivals = arrival_rates.updated(arrivals, spoken, frozenset({"router"}), RHYTHM, 10.0 * number)
    return arrivals


def requests(arrivals: Arrivals) -> float:
    """All counted requests."""
    return arrivals.points[-1].requests


def test_a_counter_that_begins_anew_counts_what_it_has() -> None:
    assert requests(course(counter_at(0.0, 500.0), counter_at(10.0, 7.0))) == 7.0


PAUSE: Final = 7200.0
"""Much longer than a sample lasts: the operator was down, or another one decided."""


@pytest.mark.parametrize("after", [counter_at(PAUSE, 5020.0), counter_at(PAUSE, 3.0)])
def test_requests_that_came_in_a_long_pause_are_not_counted_but_the_fleet_was_not_idle(after: ArrivalCounter) -> None:
    before = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0))
    back = arrival_rates.updated(before, (after,), frozenset({"router"}), RHYTHM, PAUSE)
    assert (requests(back), back.last) == (20.0, PAUSE)


def test_without_a_request_in_a_long_pause_the_last_one_is_that_before_it() -> None:
    before = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0))
    same, new = counter_at(PAUSE, 20.0), counter_at(PAUSE, 0.0, "new")
    back = arrival_rates.updated(before, (same, new), frozenset({"router", "new"}), RHYTHM, PAUSE)
    assert (requests(back), back.last) == (20.0, 10.0)


def test_a_router_that_replaced_another_in_a_long_pause_shows_that_requests_came() -> None:
    before = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0))
    new = (counter_at(PAUSE, 5.0, "new"),)
    assert arrival_rates.updated(before, new, frozenset({"new"}), RHYTHM, PAUSE).last == PAUSE
    soon = arrival_rates.updated(before, (counter_at(20.0, 5.0, "new"),), frozenset({"new"}), RHYTHM, 20.0)
    assert soon.last == 10.0


def test_one_that_is_no_longer_listed_is_forgotten() -> None:
    arrivals = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0))
    assert arrival_rates.updated(arrivals, (), frozenset(), RHYTHM, 20.0).counters == ()


def test_no_rate_without_a_course_or_before_it() -> None:
    assert arrival_rates.rate((), 0.0, 1.0) is None
    assert arrival_rates.rate((ArrivalTotals(at=5.0, requests=0.0, prompt_tokens=0.0),), 0.0, 5.0) is None


def test_totals_after_the_last_scrape_are_those_of_the_last_scrape() -> None:
    points = (
        ArrivalTotals(at=0.0, requests=0.0, prompt_tokens=0.0),
        ArrivalTotals(at=10.0, requests=20.0, prompt_tokens=0.0),
    )
    found = arrival_rates.rate(points, 0.0, 20.0)
    assert found is not None
    assert found.requests == 1.0


def even(seconds: float, rate: float, since: float = 0.0) -> tuple[ArrivalTotals, ...]:
    """A history with that rate."""
    return tuple(
        ArrivalTotals(at=since + 4.0 * step, requests=rate * 4.0 * step, prompt_tokens=rate * 400.0 * step)
        for step in range(int(seconds / 4) + 1)
    )


def test_a_trend_that_was_right_before_is_used() -> None:
    history = ForecastHistory(
        level=ForecastErrors(checks=20.0, squares=2.0), trend=ForecastErrors(checks=20.0, squares=0.1)
    )
    points = tuple(ArrivalTotals(at=float(at), requests=at * at / 10, prompt_tokens=0.0) for at in range(0, 513, 4))
    found = demand_forecast.forecast(points, history, COLD, 512.0)
    assert found is not None
    assert found.by == "trend"
    assert found.factor > 1.0


def test_the_hour_of_the_week_is_used_where_it_helped_before() -> None:
    history = ForecastHistory(
        level=ForecastErrors(checks=20.0, squares=2.0),
        hour=ForecastErrors(checks=20.0, squares=0.1),
        hours=tuple(5.0 if hour == 1 else 1.0 for hour in range(168)),
    )
    found = demand_forecast.forecast(even(3590.0, 1.0), history, COLD, 3588.0)
    assert found is not None
    assert found.by == "hour of the week"
    assert found.factor == pytest.approx(5.0)


def test_an_hour_that_was_never_observed_does_not_change_the_forecast() -> None:
    history = ForecastHistory(
        level=ForecastErrors(checks=20.0, squares=2.0),
        hour=ForecastErrors(checks=20.0, squares=0.1),
        hours=(1.0, *([-1.0] * 167)),
    )
    found = demand_forecast.forecast(even(3590.0, 1.0), history, COLD, 3588.0)
    assert found is not None
    assert found.factor == 1.0


def test_hours_of_the_week_are_learned_as_they_pass() -> None:
    history = demand_forecast.updated(ForecastHistory(), (), COLD, 0.0)
    assert history.current_hour is None
    for hour in range(170):
        at = 3600.0 * hour
        points = (ArrivalTotals(at=at, requests=7200.0 * hour, prompt_tokens=0.0),)
        history = demand_forecast.updated(history, points, COLD, at)
        history = demand_forecast.updated(history, points, COLD, at + 1800.0)
    assert history.hours[:3] == (2.0, 2.0, 2.0)


def test_an_hour_of_which_half_was_missed_is_not_learned() -> None:
    point = ArrivalTotals(at=0.0, requests=0.0, prompt_tokens=0.0)
    history = demand_forecast.updated(ForecastHistory(), (point,), COLD, 1800.0)
    assert demand_forecast.updated(history, (point,), COLD, 3600.0).hours == ()


def test_a_course_without_tokens_scatters_as_before() -> None:
    points = tuple(replace(point, prompt_tokens=0.0) for point in even(1000.0, 2.0))
    history = ForecastHistory()
    for at in range(200, 1000, 4):
        history = demand_forecast.updated(history, tuple(one for one in points if one.at <= at), COLD, float(at))
    assert history.scatter == 1.0
    assert history.level.usual == pytest.approx(0.0, abs=1e-9)


def test_the_token_pace_of_an_engine_that_does_not_time_tokens_is_derived_from_its_running_requests() -> None:
    figures = EngineFigures(at=0.0, running=10.0, output_tokens=0.0)
    pod = EnginePod(name="a", revision="new", phase=EnginePodPhase.READY, since=0.0)
    before = intervals.baseline(pod, figures)
    found = intervals.between(before, intervals.baseline(pod, replace(figures, at=10.0, output_tokens=1000.0)))
    assert found is not None
    assert found.seconds_per_token == 0.1
    silent = intervals.between(before, intervals.baseline(pod, replace(figures, at=10.0)))
    assert silent is not None
    assert silent.seconds_per_token is None
    assert silent.first_late is None


def test_a_start_that_takes_longer_than_planned_is_given_a_quarter_more() -> None:
    pod = EnginePod(name="a", revision="new", phase=EnginePodPhase.STARTING, since=0.0)
    assert cold_starts.remaining(pod, 100.0, 30.0) == 70.0
    assert cold_starts.remaining(pod, 100.0, 500.0) == 25.0
    assert cold_starts.remaining(replace(pod, phase=EnginePodPhase.PENDING), 100.0, 30.0) == 100.0


def test_learned_cold_starts_are_ignored_where_the_policy_requires_it() -> None:
    starts = (cold_starts.ColdStartTimes(revision="new", seconds=(500.0,), until=0.0),)
    assert cold_starts.horizon(starts, "new", ColdStart(assume_seconds=100.0, learn=False)) == 100.0
    assert cold_starts.horizon(starts, "new", ColdStart(assume_seconds=100.0)) == 500.0


def test_without_a_known_cache_the_batch_is_what_ends_it() -> None:
    speed = replace(TRUE, kv_tokens=None, max_sequences=None)
    assert replica_need.running_most(speed, REQUEST) == 1.0
    assert replica_need.running_most(replace(speed, max_sequences=64.0), REQUEST) == 64.0


def test_without_objectives_tokens_may_take_twice_as_long_as_alone() -> None:
    demand = FleetDemand(requests=1.0, computed_tokens=1000.0, output_tokens=200.0)
    need = replica_need.least(TRUE, replace(REQUEST, prompt_tokens=1.0), demand, Objectives())
    assert need.replicas == pytest.approx(0.4, rel=0.1)


def test_a_data_sheet_without_numbers_is_not_used() -> None:
    empty = ReplicaSpeed(step_seconds=0.0, seconds_per_sequence=0.0, seconds_per_prompt_token=0.0)
    assert replica_speed.speed((), "new", empty) is None


def test_a_fit_stays_within_what_is_possible() -> None:
    engine_intervals = [
        EngineInterval(
            seconds=10.0,
            running=1.0,
            entered=0.0,
            prompt_tokens=0.0,
            cached_tokens=0.0,
            output_tokens=1000.0,
            finished=1.0,
            first=1.0,
            tokens=1000.0,
            token_seconds=1000.0 * (0.5 if number % 2 else 0.0001),
            paced=0.0,
            first_late=None,
            pace_late=None,
        )
        for number in range(50)
    ]
    fits = replica_speed.updated((), "new", engine_intervals)
    found = replica_speed.speed(fits, "new", TRUE)
    assert found is not None
    assert TRUE.step_seconds / 8.001 <= found.step_seconds <= TRUE.step_seconds * 8.001
    assert 0 < found.seconds_per_sequence <= TRUE.seconds_per_sequence * 8.001
    assert 0 < found.seconds_per_prompt_token <= TRUE.seconds_per_prompt_token * 8.001


def test_routers_that_estimate_prompts_wrongly_are_corrected() -> None:
    mixture = RequestMix(
        requests=100.0,
        output_tokens=100.0,
        first=100.0,
        prompt_tokens=100_000.0,
        computed_tokens=100_000.0,
        router_requests=100.0,
        router_prompt_tokens=50_000.0,
    )
    request = request_mix.average(mixture)
    assert request is not None
    assert request.true_share == 2.0
    assert request.held_tokens == 1000.5


@pytest.mark.trial(3)
def test_the_wait_for_an_image_is_learned_apart_from_the_cold_start() -> None:
    """Its container started at 60 after 20 s of pulling; ready at 65."""
    pod = EnginePod(name="a", revision="new", phase=EnginePodPhase.READY, since=60.0, image_wait=20.0, ready_at=65.0)
    (learnt,) = cold_starts.with_starts((), "new", (pod,))
    assert (learnt.seconds, learnt.waits) == ((5.0,), (20.0,))
    assert cold_starts.horizon((learnt,), "new", ColdStart(assume_seconds=100.0)) == 25.0


def test_a_pod_whose_start_was_not_observed_may_have_paused_later_and_teaches_no_cold_start() -> None:
    paused = EnginePod(
        name="a", revision="new", phase=EnginePodPhase.READY, since=60.0, ready_at=18_000.0, start_seen=False
    )
    seen = EnginePod(name="b", revision="new", phase=EnginePodPhase.READY, since=60.0, ready_at=180.0)
    (learnt,) = cold_starts.with_starts((), "new", (paused, seen))
    assert (learnt.seconds, learnt.until) == ((120.0,), 180.0)


@pytest.mark.trial(3)
def test_one_pull_of_an_image_is_not_expected_of_every_start() -> None:
    starts = (cold_starts.ColdStartTimes(revision="new", seconds=(5.0,) * 3, waits=(1.0, 90.0, 1.0), until=0.0),)
    assert cold_starts.horizon(starts, "new", ColdStart(assume_seconds=100.0)) == 6.0


@pytest.mark.trial(3)
def test_a_replica_whose_image_is_being_pulled_has_its_whole_start_before_it() -> None:
    pod = EnginePod(name="a", revision="new", phase=EnginePodPhase.PULLING, since=0.0)
    assert cold_starts.remaining(pod, 100.0, 30.0) == 100.0

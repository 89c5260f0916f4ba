"""What a clairvoyant order leaves out, and what it is compared on: the same requests and the same replicas."""

from dataclasses import replace
from itertools import accumulate
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.autoscaling import bursts, clairvoyant, queued, traffic
from bench.autoscaling.bursts import Beside, Row
from bench.autoscaling.clairvoyant import EngineTime, Planned, left_out
from bench.autoscaling.contestants import ours
from bench.autoscaling.playing import Stage
from bench.autoscaling.queued import Repeated
from bench.autoscaling.traffic import Part
from fairlead.simulator.traffic.arrivals import RequestArrival

REQUESTS = st.lists(st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 4.0), st.floats(0.01, 5.0)), min_size=1, max_size=30)
"""Gaps between arrivals, how long each may wait, and its work."""


def waits(earliest: float, work: float, wait_s: float = 2.0) -> Planned:
    return Planned(earliest=earliest, latest=earliest + wait_s, work=work)


def begins(requests: list[Planned], without: set[int]) -> list[float]:
    """When each request that is served begins, one after the other."""
    found, end = [], 0.0
    for place, one in enumerate(requests):
        if place not in without:
            found.append(max(end, one.earliest) - one.latest)
            end = max(end, one.earliest) + one.work
    return found


def test_nothing_is_left_out_while_all_begin_in_time() -> None:
    assert left_out([waits(0.0, 2.0), waits(1.0, 2.0), waits(3.0, 8.0), waits(10.0, 1.0)]) == set()


def test_the_largest_of_those_that_delay_a_request_is_left_out() -> None:
    assert left_out([waits(0.0, 1.0), waits(0.1, 4.0), waits(0.2, 1.0), waits(0.3, 1.0)]) == {1}


def test_what_was_done_before_the_fleet_was_idle_is_not_left_out_for_later_requests() -> None:
    assert left_out([waits(0.0, 9.0), waits(9.0, 3.0), waits(9.1, 1.0)]) == {1}


def test_a_request_that_no_idle_engine_can_serve_in_time_is_left_out_alone() -> None:
    assert left_out([waits(0.0, 1.0), waits(5.0, 8.0, wait_s=-1.0), waits(5.1, 1.0)]) == {1}


@given(REQUESTS)
def test_all_that_is_served_begins_in_time(drawn: list[tuple[float, float, float]]) -> None:
    arrivals = accumulate(gap for gap, _, _ in drawn)
    deadlines = accumulate((gap + wait_s for gap, wait_s, _ in drawn), max)
    requests = [
        Planned(earliest=arrived, latest=max(arrived, deadline), work=work)
        for arrived, deadline, (_, _, work) in zip(arrivals, deadlines, drawn, strict=True)
    ]
    without = left_out(requests)

    assert all(late <= 1e-9 for late in begins(requests, without))
    assert len(without) < len(requests), "an idle fleet serves at least the first one"


def test_engine_time_grows_with_each_ready_replica() -> None:
    time = EngineTime([(0.0, inf), (10.0, 20.0)])

    assert [time.until(at) for at in (-1.0, 5.0, 10.0, 15.0, 20.0, 30.0)] == [0.0, 5.0, 10.0, 20.0, 30.0, 40.0]


def crowd() -> Stage:
    """A minute of 6 requests/s on a fleet that starts with one replica."""
    arrivals = [RequestArrival(time=second / 6, prompt_tokens=1000, output_tokens=50) for second in range(360)]
    part = Part(arrivals=lambda: arrivals, since=0.0, until=60.0)
    made = traffic.Traffic(name="a", words="a", lived=traffic.chat_replica(), tuning=part, reported=part)
    return Stage(traffic=made, part=part, arrivals=arrivals, cold_s=20.0, replicas=1)


def test_a_clairvoyant_order_has_the_replicas_of_the_run_and_counts_all_requests() -> None:
    stage = crowd()
    scaling = ours(stage.traffic)
    run = queued.played(stage, scaling, ordered=True)
    best = clairvoyant.best(stage, scaling, run)
    none = queued.played(stage, scaling, ordered=True, left_out=range(360))

    assert best.answers == run.answers
    assert len(run.ready) > 1, "the fleet grew"
    assert [began for began, _ in best.ready] == [began for began, _ in run.ready]
    assert run.kept < best.kept <= 1.0
    assert none.kept == 0.0


def test_answers_of_a_run_are_repeated_at_their_times() -> None:
    stage = crowd()
    run = queued.played(stage, ours(stage.traffic), ordered=True)
    scaling = replace(ours(stage.traffic), wanted=Repeated(run.answers).wanted)
    again = queued.played(stage, scaling, ordered=True)

    assert again == run


def row(kept: float, worst: float, gpu_hours: float = 8.0) -> Row:
    return Row(words="a", kept=kept, worst=worst, gpu_hours=gpu_hours)


@pytest.mark.parametrize(
    ("after", "holds"),
    [
        (row(0.96, 0.8), True),
        (row(0.94, 0.8), False),
        (row(0.96, 0.7), False),
        (row(0.96, 0.8, gpu_hours=8.1), False),
    ],
)
def test_the_bar_is_judged_by_the_routers_order_alone(after: Row, holds: bool) -> None:
    judged, words = bursts.improved(row(0.9, 0.4), Beside(ours=after, best=row(0.96, 0.82)))

    assert judged is holds
    assert "of what a clairvoyant order keeps on these replicas, which is 96.0%" in words

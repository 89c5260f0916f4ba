import json

import pytest

from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.engine_timeline import SimulatedEngine
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, SimulatedReplica
from fairlead.simulator.virtual_fleet.report import report
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from tests.simulator.virtual_fleet.small_engine import SmallEngine

ENGINES: tuple[SimulatedEngine, ...] = (SmallEngine(),)
REPLICA = SimulatedReplica(0, "replica-0", ReplicaEngines(ENGINES), 1, 0.0)


def answered(statistics: RunStatistics, at: float, first: float, last: float, tokens: int) -> None:
    """A request with these times to its first and last token."""
    arrival = RequestArrival(time=at, prompt_tokens=100, output_tokens=tokens)
    request = EngineRequest(
        serial=1, prompt_tokens=100, output_tokens=tokens, arrived=at, emitted=tokens, cached_tokens=40
    )
    request.first_token, request.ended = at + first, at + last
    statistics.arrived(arrival)
    statistics.ended(arrival, request, REPLICA)


def snapshot_at(at: float) -> FleetSnapshot:
    return FleetSnapshot(
        at=at,
        starting=1,
        ready=2,
        draining=0,
        held=3,
        waiting=4,
        running=5,
        usage=0.5,
        arrived=9,
        ended=0,
        prompt_tokens=900,
        output_tokens=0,
    )


def statistics_of_four() -> RunStatistics:
    """Four requests: one meets both objectives, one is late, one is slow, one is refused."""
    statistics = RunStatistics(LatencyObjectives(ttft_p95_s=1.0, tpot_p95_s=0.1))
    answered(statistics, 0.0, first=0.5, last=1.0, tokens=11)
    answered(statistics, 1.0, first=2.0, last=2.5, tokens=11)
    answered(statistics, 2.0, first=0.5, last=2.5, tokens=11)
    refused = RequestArrival(time=3.0, prompt_tokens=5, output_tokens=5)
    statistics.arrived(refused)
    statistics.refused(refused, "too_long")
    statistics.snapshot_taken(snapshot_at(10.0))
    return statistics


def test_a_report_says_how_many_kept_the_objectives() -> None:
    found = report(statistics_of_four(), seconds=10.0, gpu_seconds=7200.0)

    assert (found.arrived, found.answered, found.refused, found.left) == (4, 3, 1, 0)
    assert (found.kept_first, found.kept_pace, found.kept) == (0.5, 0.5, 0.25)
    assert found.ttft.mean == pytest.approx(1.0)
    assert found.tpot.most == pytest.approx(0.2)
    assert found.e2e.p50 == pytest.approx(2.5, rel=0.003)
    assert found.requests_per_second == pytest.approx(0.3)
    assert found.output_tokens_per_second == pytest.approx(3.3)
    assert found.cached_share == pytest.approx(0.4)
    assert found.gpu_hours == 2.0
    assert found.gauges.waiting == (4,)


def test_a_report_reads_as_text_and_as_json() -> None:
    found = report(statistics_of_four(), seconds=10.0, gpu_seconds=7200.0)
    document = json.loads(json.dumps(found.as_document(), allow_nan=False))

    assert "4 requests in 10 s: 3 answered, 1 refused, 0 left" in found.as_text()
    assert "both 25.00%" in found.as_text()
    assert document["ttft"]["mean"] == pytest.approx(1.0)
    assert document["gauges"]["usage"] == [0.5]


def test_an_empty_run_has_figures_without_numbers() -> None:
    document = report(RunStatistics(), seconds=0.0, gpu_seconds=0.0).as_document()

    assert document["ttft"]["p50"] is None
    assert document["requests_per_second"] is None
    assert document["arrived"] == 0


def test_only_requests_that_arrived_within_the_span_are_reported() -> None:
    statistics = RunStatistics(since=1.0, until=2.0)
    for at in (0.9, 1.0, 1.9, 2.0):
        answered(statistics, at, first=0.5, last=1.0, tokens=1)
        statistics.snapshot_taken(snapshot_at(at))

    assert (statistics.counts.arrived, statistics.counts.answered) == (2, 2)
    assert statistics.tpot.count == 0
    assert list(statistics.series.at) == [1.0, 1.9]


def test_requests_refused_or_left_unfinished_outside_the_span_are_not_reported_either() -> None:
    statistics = RunStatistics(since=1.0)
    early = RequestArrival(time=0.0, prompt_tokens=1, output_tokens=1)
    statistics.refused(early, "too_long")
    statistics.left(early, None)

    assert (statistics.counts.refused, statistics.counts.left) == (0, 0)


def test_an_answer_without_times_is_a_broken_contract() -> None:
    arrival = RequestArrival(time=0.0, prompt_tokens=1, output_tokens=1)
    with pytest.raises(AssertionError, match="request 7 ended without times"):
        RunStatistics().ended(arrival, EngineRequest(serial=7, prompt_tokens=1, output_tokens=1, arrived=0.0), REPLICA)


def test_what_was_left_is_counted_apart() -> None:
    statistics = RunStatistics(LatencyObjectives(ttft_p95_s=9.0))
    arrival = RequestArrival(time=0.0, prompt_tokens=1, output_tokens=1)
    statistics.arrived(arrival)
    statistics.left(arrival, None)

    assert (statistics.counts.left, statistics.counts.kept_first) == (1, 0)


def test_the_statistics_of_two_runs_can_be_merged() -> None:
    one = statistics_of_four()
    one.add_all(statistics_of_four())

    assert (one.counts.arrived, one.counts.kept, one.ttft.count) == (8, 2, 6)
    assert one.ttft.mean == pytest.approx(statistics_of_four().ttft.mean)

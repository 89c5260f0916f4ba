import json

import pytest

from fairlead.fleet.capacity import Objectives
from fairlead.sim.engine.request import Request
from fairlead.sim.world.course import Engine
from fairlead.sim.world.observers import Look
from fairlead.sim.world.replica import Inside, Replica
from fairlead.sim.world.report import report
from fairlead.sim.world.tale import Tale
from fairlead.sim.world.traffic.arrival import Arrival
from tests.sim.world.small_engine import SmallEngine

ENGINES: tuple[Engine, ...] = (SmallEngine(),)
REPLICA = Replica(0, "replica-0", Inside(ENGINES), 1, 0.0)


def answered(tale: Tale, at: float, first: float, last: float, tokens: int) -> None:
    """A request that took so long to its first and its last token."""
    arrival = Arrival(time=at, prompt_tokens=100, output_tokens=tokens)
    request = Request(serial=1, prompt_tokens=100, output_tokens=tokens, arrived=at, emitted=tokens, cached_tokens=40)
    request.first_token, request.ended = at + first, at + last
    tale.arrived(arrival)
    tale.ended(arrival, request, REPLICA)


def look(at: float) -> Look:
    return Look(
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


def told() -> Tale:
    """Four requests: one keeps both objectives, one is late, one is slow, one is refused."""
    tale = Tale(Objectives(ttft_p95_s=1.0, tpot_p95_s=0.1))
    answered(tale, 0.0, first=0.5, last=1.0, tokens=11)
    answered(tale, 1.0, first=2.0, last=2.5, tokens=11)
    answered(tale, 2.0, first=0.5, last=2.5, tokens=11)
    refused = Arrival(time=3.0, prompt_tokens=5, output_tokens=5)
    tale.arrived(refused)
    tale.refused(refused, "too_long")
    tale.looked(look(10.0))
    return tale


def test_a_report_says_how_many_kept_the_objectives() -> None:
    found = report(told(), seconds=10.0, gpu_seconds=7200.0)

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
    found = report(told(), seconds=10.0, gpu_seconds=7200.0)
    document = json.loads(json.dumps(found.as_document(), allow_nan=False))

    assert "4 requests in 10 s: 3 answered, 1 refused, 0 left" in found.as_text()
    assert "both 25.00%" in found.as_text()
    assert document["ttft"]["mean"] == pytest.approx(1.0)
    assert document["gauges"]["usage"] == [0.5]


def test_an_empty_run_has_figures_without_numbers() -> None:
    document = report(Tale(), seconds=0.0, gpu_seconds=0.0).as_document()

    assert document["ttft"]["p50"] is None
    assert document["requests_per_second"] is None
    assert document["arrived"] == 0


def test_only_what_arrived_inside_the_span_is_told() -> None:
    tale = Tale(since=1.0, until=2.0)
    for at in (0.9, 1.0, 1.9, 2.0):
        answered(tale, at, first=0.5, last=1.0, tokens=1)
        tale.looked(look(at))

    assert (tale.counts.arrived, tale.counts.answered) == (2, 2)
    assert tale.tpot.count == 0
    assert list(tale.series.at) == [1.0, 1.9]


def test_what_was_refused_or_left_outside_the_span_is_not_told_either() -> None:
    tale = Tale(since=1.0)
    early = Arrival(time=0.0, prompt_tokens=1, output_tokens=1)
    tale.refused(early, "too_long")
    tale.left(early, None)

    assert (tale.counts.refused, tale.counts.left) == (0, 0)


def test_an_answer_without_times_is_a_broken_contract() -> None:
    arrival = Arrival(time=0.0, prompt_tokens=1, output_tokens=1)
    with pytest.raises(AssertionError, match="request 7 ended without times"):
        Tale().ended(arrival, Request(serial=7, prompt_tokens=1, output_tokens=1, arrived=0.0), REPLICA)


def test_what_was_left_is_counted_apart() -> None:
    tale = Tale(Objectives(ttft_p95_s=9.0))
    arrival = Arrival(time=0.0, prompt_tokens=1, output_tokens=1)
    tale.arrived(arrival)
    tale.left(arrival, None)

    assert (tale.counts.left, tale.counts.kept_first) == (1, 0)


def test_two_tales_can_be_told_as_one() -> None:
    one = told()
    one.add_all(told())

    assert (one.counts.arrived, one.counts.kept, one.ttft.count) == (8, 2, 6)
    assert one.ttft.mean == pytest.approx(told().ttft.mean)

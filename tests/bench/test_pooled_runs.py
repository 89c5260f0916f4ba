"""Runs that count together: requests of several spans in one run, and one traffic with other moments."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from math import inf

from bench import prefix_fleets
from bench.measured_spans import MeasuredSpans
from bench.prefix_fleets import LATER_S, Trial
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import FewestRequests
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics


def every_ten_milliseconds() -> Iterator[RequestArrival]:
    return iter([RequestArrival(time=number / 100, prompt_tokens=number, output_tokens=1) for number in range(500)])


TRIAL = Trial(
    name="short",
    words="five seconds of short prompts",
    shape="meta-llama/Llama-3.1-8B-Instruct",
    kv_tokens=952_032,
    page_tokens=16,
    context=131_072,
    block_pages=32,
    arrivals=every_ten_milliseconds,
    since=0.0,
)


def test_a_run_of_another_number_has_the_same_requests_a_little_later_and_in_order_of_time() -> None:
    recorded, moved = list(TRIAL.arrivals()), list(prefix_fleets.later(TRIAL, 1).arrivals())

    assert list(prefix_fleets.later(TRIAL, 0).arrivals()) == recorded
    assert all(one.time <= after.time for one, after in pairwise(moved))
    assert sorted(one.prompt_tokens for one in moved) == [one.prompt_tokens for one in recorded]
    delays = [one.time - recorded[one.prompt_tokens].time for one in moved]
    assert min(delays) >= 0.0
    assert LATER_S / 2 < max(delays) <= LATER_S


def test_the_numbers_have_different_moments_and_each_has_its_own_again() -> None:
    first, second, again = (list(prefix_fleets.later(TRIAL, number).arrivals()) for number in (1, 2, 1))

    assert first == again
    assert first != second


def test_one_run_counts_over_several_spans_what_a_run_for_each_would() -> None:
    spans = [RunStatistics(since=since, until=until) for since, until in ((0.0, inf), (1.0, inf), (2.0, 3.0))]

    prefix_fleets.play(TRIAL, lambda _: FewestRequests(), *spans)

    alone = prefix_fleets.lived(replace(TRIAL, since=1.0), lambda _: FewestRequests()).statistics
    assert [one.counts.answered for one in spans] == [500, 400, 100]
    assert spans[1].ttft.percentile(0.95) == alone.ttft.percentile(0.95)
    assert spans[1].counts == alone.counts


def test_what_is_refused_or_left_is_counted_in_its_span() -> None:
    early, late = RunStatistics(until=1.0), RunStatistics(since=1.0)
    every = MeasuredSpans((early, late))
    for at in (0.5, 1.5):
        arrival = RequestArrival(time=at, prompt_tokens=1, output_tokens=1)
        every.arrived(arrival)
        every.refused(arrival, "too_long")
    every.left(RequestArrival(time=2.0, prompt_tokens=1, output_tokens=1), None)

    assert (early.counts.arrived, early.counts.refused, early.counts.left) == (1, 1, 0)
    assert (late.counts.arrived, late.counts.refused, late.counts.left) == (1, 1, 1)

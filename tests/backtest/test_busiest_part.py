"""The busiest part of some traffic: as short as possible, and no part where all of it is wanted."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.backtest import busiest_part
from fairlead.backtest.busiest_part import BusiestPart, DensestWindow
from fairlead.backtest.play import PlayedTraffic
from fairlead.simulator.traffic.arrivals import RequestArrival

TIMES = (0.0, 5.0, 10.0, 11.0, 12.0, 30.0)


def arrivals(_: int) -> Iterator[RequestArrival]:
    """Six requests, of which three come close together."""
    for time in TIMES:
        yield RequestArrival(time=time, prompt_tokens=100, output_tokens=10)


WHOLE = PlayedTraffic(arrivals=arrivals, seconds=30.0, began=1000.0)


def part(whole: PlayedTraffic, most: int) -> BusiestPart:
    """The part that there is."""
    found = busiest_part.of(whole, most)
    assert found is not None
    return found


def test_the_shortest_part_with_so_many_requests_is_played_from_its_own_beginning() -> None:
    found = part(WHOLE, 3)
    assert [one.time for one in found.traffic.arrivals(16)] == [0.0, 1.0, 2.0]
    assert (found.since, found.traffic.seconds, found.traffic.began) == (10.0, 2.0, 1010.0)
    assert part(replace(WHOLE, began=None), 3).traffic.began is None


@pytest.mark.parametrize("most", [6, 7])
def test_traffic_with_no_more_requests_has_no_busier_part(most: int) -> None:
    assert busiest_part.of(WHOLE, most) is None


def test_requests_that_come_at_once_have_no_busier_part() -> None:
    assert busiest_part.of(replace(WHOLE, at_once=True), 3) is None


def test_of_windows_with_counts_the_shortest_run_counts_and_of_equal_ones_the_fullest() -> None:
    counts = [(0.0, 4), (600.0, 0), (1200.0, 6), (1800.0, 9), (2400.0, 2)]
    assert busiest_part.densest(counts, 9) == DensestWindow(first=3, until=4, since=1800.0, last=1800.0)
    assert busiest_part.densest(counts, 11) == DensestWindow(first=2, until=4, since=1200.0, last=1800.0)
    assert busiest_part.densest(counts, 21) is None
    assert busiest_part.densest(counts, 22) is None
    assert busiest_part.densest([], 1) is None


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 5)), max_size=12),
    st.integers(1, 12),
)
def test_no_run_with_the_wanted_requests_is_shorter(gaps: list[tuple[int, int]], wanted: int) -> None:
    moments, time = [], 0.0
    for gap, count in gaps:
        time += gap
        moments.append((time, count))
    runs = [
        (moments[until - 1][0] - moments[first][0], -sum(count for _, count in moments[first:until]))
        for first in range(len(moments))
        for until in range(first + 1, len(moments) + 1)
        if sum(count for _, count in moments[first:until]) >= wanted
    ]
    found = busiest_part.densest(moments, wanted)
    if found is not None:
        assert found.last - found.since == min(runs)[0]
        assert sum(count for _, count in moments[found.first : found.until]) >= wanted
    elif runs:
        assert min(runs)[0] == moments[-1][0] - moments[0][0]

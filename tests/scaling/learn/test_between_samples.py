"""Arrivals between samples: what is assumed until the next one, and how that one corrects it."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.scaling.learn import arrival_rates
from fairlead.scaling.learn.arrival_counters import ArrivalCounter
from fairlead.scaling.learn.arrival_rates import ArrivalResolution, Arrivals

RHYTHM: Final = ArrivalResolution(grain=4.0, stale=30.0)
PAUSE: Final = 7200.0


def counter_at(at: float, requests: float, name: str = "router") -> ArrivalCounter:
    """A router's counter."""
    return ArrivalCounter(name=name, at=at, requests=requests, prompt_tokens=requests * 100)


def read(before: Arrivals, now: float, *reported: ArrivalCounter, listed: str = "router") -> Arrivals:
    """The arrivals after one more decision."""
    return arrival_rates.updated(before, reported, frozenset(listed.split()), RHYTHM, now)


def course(*counters: ArrivalCounter | None) -> Arrivals:
    """One decision every ten seconds; None: the router was silent."""
    arrivals = Arrivals()
    for number, counter in enumerate(counters):
        name = counter.name if counter else "router"
        arrivals = read(arrivals, 10.0 * number, *([counter] if counter else []), listed=name)
    return arrivals


def requests(arrivals: Arrivals) -> float:
    """All counted requests."""
    return arrivals.points[-1].requests


def rates_each_ten_seconds(arrivals: Arrivals, begin: int, end: int) -> list[float]:
    """Requests a second in each ten seconds between two times."""
    spans = [arrival_rates.rate(arrivals.points, float(at), at + 10.0) for at in range(begin, end, 10)]
    return [one.requests for one in spans if one is not None]


def test_a_counter_that_is_read_twice_goes_on_as_before_and_counts_once() -> None:
    twice = course(counter_at(0.0, 5.0), counter_at(10.0, 25.0), counter_at(10.0, 25.0))
    assert requests(twice) > 20.0
    assert twice.last == 10.0
    again = read(twice, 30.0, counter_at(30.0, 65.0))
    assert requests(again) == pytest.approx(60.0)


def test_one_that_is_silent_goes_on_as_before_and_is_not_counted_twice() -> None:
    silent = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0), None)
    granted = requests(silent) - 20.0
    assert granted > 0
    again = read(silent, 30.0, counter_at(30.0, 60.0))
    assert requests(again) == pytest.approx(60.0)


def test_while_the_only_one_is_silent_traffic_is_taken_to_go_on_and_then_corrected() -> None:
    arrivals = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0), None, None, None, None)
    assert arrivals.unread_seconds == 40.0
    more = read(arrivals, 60.0)
    assert requests(more) > requests(arrivals)
    back = read(more, 70.0, counter_at(70.0, 80.0))
    assert requests(back) == pytest.approx(80.0)
    assert back.unread_seconds == 0.0
    assert rates_each_ten_seconds(back, 10, 70) == pytest.approx([1.0] * 6, abs=0.5)


def test_one_that_is_silent_beside_another_is_not_imagined_for_long_and_counted_afterwards() -> None:
    arrivals = Arrivals()
    for at in (0.0, 10.0, 20.0):
        arrivals = read(arrivals, at, counter_at(at, at, "a"), counter_at(at, at, "b"), listed="a b")
    for number in range(3, 21):
        arrivals = read(arrivals, 10.0 * number, counter_at(10.0 * number, 10.0 * number, "a"), listed="a b")
    assert rates_each_ten_seconds(arrivals, 60, 200) == pytest.approx([1.0] * 14)
    assert arrivals.unread_seconds == 180.0
    arrivals = read(arrivals, 210.0, counter_at(210.0, 210.0, "a"), counter_at(210.0, 210.0, "b"), listed="a b")
    assert requests(arrivals) == pytest.approx(420.0)
    assert rates_each_ten_seconds(arrivals, 60, 200) == pytest.approx([2.0] * 14, rel=0.15)


@pytest.mark.parametrize("interval", [7.0, 15.0, 30.0, 60.0])
def test_a_long_scrape_interval_is_no_burst(interval: float) -> None:
    arrivals = Arrivals()
    for second in range(600):
        scraped = second - second % interval
        fresh = [counter_at(scraped, 2.0 * scraped)] if second - scraped <= RHYTHM.stale else []
        arrivals = read(arrivals, float(second), *fresh)
    assert rates_each_ten_seconds(arrivals, 100, 590) == pytest.approx([2.0] * 49, rel=0.03)


def test_requests_that_were_assumed_and_did_not_come_are_taken_back_but_no_rate_is_below_zero() -> None:
    silent = course(counter_at(0.0, 0.0), counter_at(10.0, 200.0), *[None] * 7)
    back = read(silent, 90.0, counter_at(90.0, 200.0))
    assert min(rates_each_ten_seconds(back, 10, 90)) >= 0
    assert requests(back) == pytest.approx(200.0)
    assert requests(silent) > 1000.0


def test_a_counter_that_restarted_while_it_could_not_be_read_does_not_take_back_what_was_assumed() -> None:
    silent = course(counter_at(0.0, 500.0), counter_at(10.0, 700.0), None, None)
    back = read(silent, 40.0, counter_at(40.0, 3.0))
    assert requests(back) == requests(silent)


def test_while_none_of_the_routers_that_take_over_can_be_read_traffic_goes_on_as_before() -> None:
    """A deployment leaves a gateway: its own routers start, and the gateway's serve until they are ready."""
    arrivals = course(*(counter_at(10.0 * number, 20.0 * number, "gateway") for number in range(20)))
    for now in range(200, 300, 10):
        arrivals = read(arrivals, float(now), listed="own-1 own-2")
    assert rates_each_ten_seconds(arrivals, 200, 290) == pytest.approx([2.0] * 9, rel=0.1)
    assert arrivals.unread_seconds == 100.0, "nothing is learned from it"
    back = read(arrivals, 300.0, counter_at(300.0, 3.0, "own-1"), listed="own-1 own-2")
    assert [one.name for one in back.counters] == ["own-1"]
    assert back.unread_seconds == 0.0


def test_without_any_router_nothing_is_assumed() -> None:
    before = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0))
    assert requests(read(before, 20.0, listed="")) == 20.0


def test_a_clock_that_was_set_back_counts_nothing_twice() -> None:
    before = course(*(counter_at(10.0 * number, 20.0 * number) for number in range(10)))
    back = read(before, 30.0, counter_at(30.0, 220.0))
    assert (requests(back), back.last, len(back.points)) == (180.0, 30.0, 2)
    later = read(back, 40.0, counter_at(40.0, 240.0))
    assert rates_each_ten_seconds(later, 30, 40) == [2.0]


def test_a_clock_that_was_set_back_before_any_request_came_knows_of_none() -> None:
    before = course(counter_at(0.0, 0.0), counter_at(10.0, 0.0))
    back = read(before, 5.0, counter_at(5.0, 0.0))
    assert back.last is None


def test_after_a_pause_that_is_longer_than_the_series_nothing_is_assumed_beyond_the_age_of_a_sample() -> None:
    before = course(counter_at(0.0, 0.0), counter_at(10.0, 20.0))
    silent = read(before, PAUSE)
    assert requests(silent) == 20.0
    back = read(silent, PAUSE + 10, counter_at(PAUSE + 10, 9000.0))
    assert (requests(back), back.last) == (20.0, PAUSE + 10)


STEP: Final = st.tuples(st.sampled_from([1.0, 7.0, 20.0, 90.0]), st.integers(0, 200), st.booleans(), st.booleans())
"""Seconds, requests to the first router, whether it can be read, and whether the other one can."""


def test_what_came_since_the_last_decision_is_not_spread_over_earlier_ones() -> None:
    before = course(counter_at(-0.5, 0.0), counter_at(9.5, 10.0), counter_at(19.5, 20.0))
    after = read(before, 30.0, counter_at(29.5, 30.0))
    assert after.points[: len(before.points)] == before.points
    assert after.counters[0].ahead == 0


@given(steps=st.lists(STEP, max_size=25))
def test_the_sum_never_goes_down_and_never_misses_a_request(steps: list[tuple[float, int, bool, bool]]) -> None:
    now, total, arrivals = 0.0, 0.0, read(Arrivals(), 0.0, counter_at(0.0, 0.0, "a"), counter_at(0.0, 0.0, "b"))
    for seconds, more, *readable in [*steps, (1.0, 0, True, True)]:
        now, total = now + seconds, total + more
        both = (counter_at(now, total, "a"), counter_at(now, now, "b"))
        arrivals = read(arrivals, now, *(one for one, is_so in zip(both, readable, strict=True) if is_so), listed="a b")
        sums = [one.requests for one in arrivals.points]
        assert sums == sorted(sums)
    assert requests(arrivals) >= total + now - 1e-6

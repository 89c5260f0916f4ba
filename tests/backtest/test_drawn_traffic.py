"""Traffic from a description: with the requested count, load, lengths and cacheability."""

from collections import Counter
from dataclasses import replace
from statistics import median

import pytest

from fairlead.backtest import drawn_traffic
from fairlead.backtest.drawn_traffic import Undrawable
from fairlead.fleet.traffic import TokenLengths, Traffic
from tests.backtest.test_play import streams

CHAT = Traffic(
    requests_per_second=5,
    burst=2.0,
    prompt=TokenLengths.of_percentiles(1000, 2500, 4000),
    output=TokenLengths.of_percentiles(150, 400, 600),
    cacheable=0.5,
)


def test_rate_burst_and_lengths_match_the_description() -> None:
    drawn = drawn_traffic.drawn(CHAT, 5120, streams("a"))
    found = list(drawn.arrivals(16))

    assert drawn.seconds == 1200
    assert len(found) == pytest.approx(6000, rel=0.05)
    minutes = Counter(int(one.time // 60) for one in found)
    assert max(minutes.values()) == pytest.approx(600, rel=0.15)
    assert median(one.prompt_tokens for one in found) == pytest.approx(1000, rel=0.05)
    assert max(one.prompt_tokens + one.output_tokens for one in found) <= 5120
    assert sum(16 * len(one.prefix) for one in found) / sum(one.prompt_tokens for one in found) == pytest.approx(
        0.5, abs=0.01
    )
    assert found == list(drawn.arrivals(16))


def test_even_traffic_has_no_busy_time_and_repeated_requests_come_on_top() -> None:
    drawn = drawn_traffic.drawn(replace(CHAT, burst=1.0, retries=0.2), 5120, streams("a"))
    assert drawn.seconds == 1000
    halves = Counter(one.time < 500 for one in drawn.arrivals(16))
    assert halves[True] == pytest.approx(3000, rel=0.06)
    assert halves[False] == pytest.approx(3000, rel=0.06)


def test_much_traffic_is_drawn_for_a_quarter_of_an_hour_and_little_for_two() -> None:
    long, short = (
        drawn_traffic.drawn(replace(CHAT, requests_per_second=rate), 5120, streams("a")).seconds for rate in (0.1, 60)
    )
    assert (long, short) == (7200, 900)


def test_so_much_traffic_that_a_quarter_of_an_hour_is_endless_is_drawn_for_a_shorter_time() -> None:
    drawn = drawn_traffic.drawn(replace(CHAT, requests_per_second=drawn_traffic.MAX_RATE), 5120, streams("a"))

    minutes = Counter(int(one.time // 60) for one in drawn.arrivals(16))
    assert drawn.seconds == 300
    assert minutes.total() == pytest.approx(60_000, rel=0.05)
    assert minutes[2] == max(minutes.values()) == pytest.approx(60 * 400, rel=0.05), "one busy minute, as long as ever"


@pytest.mark.parametrize(
    ("rate", "retries", "why"),
    [
        (0.002, 0.0, Undrawable.TOO_FEW),
        (0.002, 0.5, None),
        (200.0, 0.0, None),
        (200.0, 0.1, Undrawable.TOO_MANY),
    ],
)
def test_too_few_requests_for_a_verdict_and_too_many_to_draw_are_not_drawn(
    rate: float, retries: float, why: Undrawable | None
) -> None:
    assert drawn_traffic.undrawable(replace(CHAT, requests_per_second=rate, retries=retries)) is why

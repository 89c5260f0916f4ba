import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.simulator.virtual_fleet.quantile_sketch import LEAST, MOST, WIDTH, QuantileSketch

SECONDS = st.lists(st.floats(LEAST, MOST / 2), min_size=1, max_size=200)


def spread(values: list[float]) -> QuantileSketch:
    found = QuantileSketch()
    for value in values:
        found.add(value)
    return found


def test_nothing_seen_has_no_figures() -> None:
    assert math.isnan(QuantileSketch().mean)
    assert math.isnan(QuantileSketch().percentile(0.5))


def test_one_value_is_every_percentile() -> None:
    assert [spread([1.234]).percentile(part) for part in (0.0, 0.5, 1.0)] == [1.234] * 3


def test_what_is_too_short_or_too_long_for_a_bucket_still_counts() -> None:
    found = spread([0.0, 2e6])

    assert (found.count, found.least, found.most) == (2, 0.0, 2e6)
    assert found.percentile(1.0) == pytest.approx(MOST, rel=0.01)


def test_more_than_all_is_the_most() -> None:
    assert spread([1.0, 2.0]).percentile(1.5) == 2.0


@given(SECONDS, st.sampled_from((0.01, 0.5, 0.9, 0.95, 0.99, 1.0)))
def test_a_percentile_is_always_right_within_half_a_bucket(values: list[float], part: float) -> None:
    exact = sorted(values)[max(math.ceil(part * len(values)), 1) - 1]

    assert spread(values).percentile(part) == pytest.approx(exact, rel=WIDTH / 2 * 1.01)


@given(SECONDS, SECONDS)
def test_two_together_are_always_what_one_would_have_seen(one: list[float], other: list[float]) -> None:
    together, at_once = spread(one), spread(one + other)
    together.add_all(spread(other))

    assert together.counts == at_once.counts
    assert (together.count, together.least, together.most) == (at_once.count, at_once.least, at_once.most)
    assert together.mean == pytest.approx(at_once.mean)

"""Tango's bounds: as published, as a general optimizer finds them, and correct where simple bounds are not."""

from math import log, sqrt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import optimize

from fairlead.comparing import score_bounds
from tests.comparing.pairs import counts

PUBLISHED = [
    # Fagerland, Lydersen and Laake: Statistical Analysis of Contingency Tables (2017), chapter 8: two clinical studies.
    (161, 6, 16, "-0.1240", "-0.0054"),
    (21, 1, 7, "-0.517", "-0.026"),
]


@pytest.mark.parametrize(("n", "gained", "lost", "low", "high"), PUBLISHED)
def test_two_sided_bounds_are_those_of_a_textbook(n: int, gained: int, lost: int, low: str, high: str) -> None:
    places = len(low.partition(".")[2])
    found = counts(n, gained, lost)
    assert f"{score_bounds.lower(found, 0.975):.{places}f}" == low
    assert f"{score_bounds.upper(found, 0.975):.{places}f}" == high


@pytest.mark.parametrize(("n", "gained", "lost"), [(100, 3, 5), (40, 0, 4), (500, 12, 9), (30, 7, 1)])
@pytest.mark.parametrize("difference", [-0.2, -0.02, 0.0, 0.05])
def test_the_statistic_uses_the_most_likely_rates_under_the_difference(
    n: int, gained: int, lost: int, difference: float
) -> None:
    """A general optimizer maximizes the likelihood where the closed form solves a quadratic equation."""
    low = max(0.0, -difference) + 1e-12

    def unlikely(lost_rate: float) -> float:
        rates = (lost_rate + difference, lost_rate, 1 - 2 * lost_rate - difference)
        seen = (gained, lost, n - gained - lost)
        return -sum(times * _log(rate) for times, rate in zip(seen, rates, strict=True) if times)

    high = (1 - difference) / 2 - 1e-12
    best = optimize.minimize_scalar(unlikely, bounds=(low, high), method="bounded", options={"xatol": 1e-13})
    variance = n * (2 * best.x + difference * (1 - difference))
    wanted = (gained - lost - n * difference) / sqrt(variance) if variance > 1e-9 else None
    if wanted is not None:
        assert score_bounds.statistic(counts(n, gained, lost), difference) == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def _log(rate: float) -> float:
    return log(max(rate, 1e-300))


def test_no_flip_at_all_still_leaves_room_for_one() -> None:
    """By the quadratic equation the bound is z²/(n+z²): 300 items without a flip exclude a drop of 0.9 points."""
    z = score_bounds.quantile(0.95)
    found = counts(300, 0, 0)
    assert score_bounds.lower(found) == pytest.approx(-z * z / (300 + z * z))
    assert score_bounds.upper(found) == pytest.approx(z * z / (300 + z * z))
    assert score_bounds.statistic(found, 0.0) == 0.0


def test_where_only_one_difference_is_possible_the_statistic_says_on_which_side() -> None:
    all_lost = counts(10, 0, 10)
    assert score_bounds.statistic(all_lost, -1.0) == 0.0
    assert score_bounds.statistic(counts(10, 10, 0), -1.0) == float("inf")
    assert score_bounds.statistic(all_lost, 1.0) == float("-inf")


@given(st.integers(1, 2000), st.floats(0, 1), st.floats(0, 1))
@example(1, 0.0, 0.0)
def test_bounds_always_enclose_the_estimate_and_mirror_each_other(n: int, flips: float, gains: float) -> None:
    differing = round(n * flips)
    gained = round(differing * gains)
    found, mirrored = counts(n, gained, differing - gained), counts(n, differing - gained, gained)
    interval = score_bounds.interval(found)
    assert -1 - 1e-9 <= interval.low <= interval.estimate + 1e-9
    assert interval.estimate - 1e-9 <= interval.high <= 1 + 1e-9
    assert interval.low == pytest.approx(-score_bounds.upper(mirrored), abs=1e-9)
    assert score_bounds.tail(0.0) == 0.5

"""Generated traffic has the requested figures; seeds are fixed, so the figures are the same every time."""

import random
import statistics
from collections.abc import Callable, Iterator
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.traffic import TokenLengths
from fairlead.simulator.traffic import gaps, lengths, rate_profiles
from fairlead.simulator.traffic.rate_profiles import RateSlice

HOUR = 3600.0


def chance(seed: int = 11) -> random.Random:
    return random.Random(seed)  # noqa: S311  # a recorded seed, not a secret


def counted(moments: list[float], since: float, until: float) -> int:
    return sum(since <= moment < until for moment in moments)


def laid(profile: Iterator[RateSlice]) -> list[float]:
    return list(gaps.arrivals_along(profile, gaps.poisson(chance())))


def test_a_steady_rate_is_kept() -> None:
    assert len(laid(rate_profiles.steady(5.0, HOUR))) == pytest.approx(5 * HOUR, rel=0.02)


def test_a_step_changes_the_rate_at_its_moment() -> None:
    moments = laid(rate_profiles.step(1.0, 10.0, at=1000.0, seconds=2000.0))

    assert counted(moments, 0, 1000) == pytest.approx(1000, rel=0.1)
    assert counted(moments, 1000, 2000) == pytest.approx(10_000, rel=0.05)


def test_a_flash_crowd_comes_at_once_and_thins_out() -> None:
    moments = laid(rate_profiles.flash_crowd(usual=1.0, peak=50.0, at=600.0, lasting=600.0, seconds=1800.0))
    minutes = [counted(moments, 60.0 * minute, 60.0 * minute + 60) for minute in range(30)]

    assert max(minutes[:10]) < 100
    assert minutes[10] == pytest.approx(50 * 60, rel=0.1)
    assert minutes[19] < 500
    assert max(minutes[20:]) < 100


def test_a_day_has_its_crest_in_the_afternoon_and_its_trough_at_night() -> None:
    moments = laid(rate_profiles.diurnal(mean=1.0, swing=0.8, seconds=rate_profiles.DAY_S))

    assert counted(moments, 13.5 * HOUR, 14.5 * HOUR) == pytest.approx(1.8 * HOUR, rel=0.05)
    assert counted(moments, 1.5 * HOUR, 2.5 * HOUR) == pytest.approx(0.2 * HOUR, rel=0.15)
    assert len(moments) == pytest.approx(rate_profiles.DAY_S, rel=0.02)


@pytest.mark.parametrize("variation", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("kind", [gaps.gamma, gaps.weibull])
def test_bursts_have_the_requested_variation(
    kind: Callable[[random.Random, float], Iterator[float]], variation: float
) -> None:
    drawn = list(islice(kind(chance(), variation), 60_000))

    assert statistics.fmean(drawn) == pytest.approx(1.0, rel=0.05)
    assert statistics.stdev(drawn) == pytest.approx(variation, rel=0.1)


def test_a_window_holds_exactly_the_gaps_it_was_given() -> None:
    assert gaps.arrivals_within(10.0, [1.0, 2.0, 1.0]) == [2.5, 7.5]
    assert gaps.arrivals_within(10.0, [0.0, 0.0, 0.0]) == [2.5, 7.5]


def test_gaps_that_are_almost_none_keep_their_parts_of_the_window() -> None:
    """As those of a gamma or Weibull shape of 0.006 are at times, of which a client with few requests draws two."""
    assert gaps.arrivals_within(600.0, [0.0, 2.0**-1040]) == [0.0]
    assert gaps.arrivals_within(600.0, [2.0**-1040, 2.0**-1040]) == [300.0]


@given(st.lists(st.one_of(st.floats(0, 1e300), st.sampled_from([0.0, 5e-324, 1e-310, 1e-300, 0.1])), min_size=2))
def test_arrivals_of_a_window_are_in_it_and_in_order(drawn: list[float]) -> None:
    moments = gaps.arrivals_within(600.0, drawn)
    assert len(moments) == len(drawn) - 1
    assert all(0.0 <= earlier <= later <= 600.0 for earlier, later in pairwise((*moments, 600.0)))


def test_lengths_keep_their_median_and_their_tail() -> None:
    sizes = lengths.lognormal(
        TokenLengths.of_percentiles(1000, 4000, 6000), TokenLengths.of_percentiles(100, 400, 700), 100_000, chance()
    )
    drawn = [sizes() for _ in range(20_000)]
    prompts, outputs = (sorted(column) for column in zip(*drawn, strict=True))

    assert prompts[10_000] == pytest.approx(1000, rel=0.05)
    assert outputs[10_000] == pytest.approx(100, rel=0.05)
    assert outputs[19_000] == pytest.approx(400, rel=0.06)


def test_prompt_and_reply_fit_the_context_together() -> None:
    prompt, output = TokenLengths.of_percentiles(900, 5000, 9000), TokenLengths.of_percentiles(500, 900, 2000)
    sizes = lengths.lognormal(prompt, output, 1000, chance())
    drawn = [sizes() for _ in range(500)]

    assert min(min(pair) for pair in drawn) >= 1
    assert max(sum(pair) for pair in drawn) == 1000


def test_lengths_by_three_percentiles_keep_the_tail_that_two_would_lose() -> None:
    long, plain = TokenLengths.of_percentiles(700, 2000, 9000), TokenLengths.of_percentiles(300, 700, 700)
    sizes = lengths.by_percentiles(long, plain, 100_000, chance())
    prompts, outputs = (sorted(column) for column in zip(*(sizes() for _ in range(40_000)), strict=True))

    assert prompts[20_000] == pytest.approx(700, rel=0.05)
    assert prompts[38_000] == pytest.approx(2000, rel=0.05)
    assert prompts[39_600] == pytest.approx(9000, rel=0.1)
    assert outputs[39_600] == outputs[-1] == 700, "a reply's limit, that one in twenty reaches"


def test_a_table_of_quantiles_is_read_backwards() -> None:
    table = lengths.LengthQuantiles((0.0, 0.5, 1.0), (10, 20, 100))

    assert [table.at(share) for share in (0.0, 0.25, 0.5, 0.75, 0.999999)] == [10, 15, 20, 60, 100]


def test_requests_carry_whose_they_are() -> None:
    row = gaps.requests(
        rate_profiles.steady(1.0, 100.0), gaps.poisson(chance()), lengths.fixed_lengths(100, 10), client="team-a"
    )
    first, *others = row

    assert len(others) > 50
    assert (first.prompt_tokens, first.output_tokens, first.client, first.prefix) == (100, 10, "team-a", ())


@given(st.lists(st.tuples(st.floats(0.1, 50), st.floats(0, 5)), min_size=1, max_size=6), st.integers(0, 5))
def test_moments_never_leave_their_profile_and_always_rise(slices: list[tuple[float, float]], seed: int) -> None:
    profile = [RateSlice(*one) for one in slices]
    moments = list(gaps.arrivals_along(iter(profile), gaps.poisson(chance(seed))))

    assert all(earlier <= later for earlier, later in pairwise(moments))
    assert not moments or (moments[0] >= 0 and moments[-1] <= sum(one.seconds for one in profile) + 1e-9)

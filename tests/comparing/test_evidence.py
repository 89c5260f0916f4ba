"""Planned interim analyses, rank tests and evidence of faults, against published figures and scipy."""

import random
from itertools import accumulate
from math import exp, inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fairlead.comparing import fault_evidence, rank_statistics, stopping_boundaries
from fairlead.comparing.fault_evidence import FaultBlock
from fairlead.comparing.rank_statistics import Stratum


def test_five_analyses_at_two_and_a_half_percent_have_the_published_boundaries() -> None:
    """Lan and DeMets' function of O'Brien and Fleming's kind, as in tables of group sequential designs."""
    assert stopping_boundaries.boundaries(0.025) == pytest.approx((4.877, 3.357, 2.680, 2.290, 2.031), abs=5e-4)


def test_all_alpha_is_spent_at_the_final_analysis_and_none_before_the_first() -> None:
    assert stopping_boundaries.spent(0.01, 0.0) == 0.0
    assert stopping_boundaries.spent(0.01, 1.0) == pytest.approx(0.01)
    assert stopping_boundaries.boundaries(0.01, 1) == pytest.approx((stats.norm.isf(0.01),))


def test_courses_without_an_effect_cross_any_boundary_as_often_as_stated() -> None:
    rng = np.random.default_rng(1)
    sums = np.cumsum(rng.standard_normal((200_000, 5)), axis=1) / np.sqrt(np.arange(1, 6))
    crossed = (sums > np.array(stopping_boundaries.boundaries(0.05))).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.002)


def test_one_stratum_is_van_der_waerdens_test() -> None:
    rng = random.Random(2)  # noqa: S311  # a test
    one = [rng.gauss(0, 1) for _ in range(60)]
    other = [rng.gauss(0.3, 1) for _ in range(50)]
    found = rank_statistics.statistic([Stratum(baseline=tuple(one), candidate=tuple(other))])
    scores = stats.norm.ppf(stats.rankdata([*one, *other]) / 111)
    spread = np.sqrt(60 * 50 * np.var(scores) / 109)
    assert found == pytest.approx(scores[60:].sum() / spread)


def test_tied_durations_share_their_scores_and_one_on_a_side_says_nothing() -> None:
    same = Stratum(baseline=(0.0, 0.0, 1.0), candidate=(0.0, 1.0, 1.0))
    assert rank_statistics.statistic([same]) == pytest.approx(sqrt(5) / 3)
    assert rank_statistics.statistic([Stratum(baseline=(1.0,), candidate=(1.0,))]) == 0.0
    assert rank_statistics.statistic([Stratum(baseline=(), candidate=(1.0,))]) == 0.0


def test_the_ratio_of_durations_is_found_with_its_bounds() -> None:
    rng = random.Random(3)  # noqa: S311  # a test
    before = tuple(rng.gauss(0, 0.5) for _ in range(300))
    after = tuple(rng.gauss(log(1.3), 0.5) for _ in range(300))
    found = rank_statistics.interval([Stratum(baseline=before, candidate=after)])
    assert found.low < 1.3 < found.high
    assert found.estimate == pytest.approx(1.3, rel=0.08)
    apart = rank_statistics.interval([Stratum(baseline=(0.0,) * 9, candidate=(9.0,) * 9)])
    assert apart.high == inf
    below = rank_statistics.interval([Stratum(baseline=(9.0,) * 9, candidate=(0.0,) * 9)])
    assert below.low == 0.0


def test_durations_that_cannot_be_are_left_out() -> None:
    assert rank_statistics.strata({"a": ([1.0, 0.0], [exp(1), -1.0])}) == (Stratum(baseline=(0.0,), candidate=(1.0,)),)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 80), st.sampled_from(fault_evidence.ODDS))
def test_given_a_blocks_faults_a_bet_never_gains_on_average(own: int, other: int, faults: int, odds: float) -> None:
    """Under equal rates, the side of each fault is hypergeometric: over all cases each bet's capital stays 1."""
    faults = min(faults, own + other)
    whole = sum(
        stats.hypergeom.pmf(hits, own + other, own, faults)
        * exp(
            fault_evidence.log_of_block(
                FaultBlock(candidate=own, candidate_faults=hits, baseline=other, baseline_faults=faults - hits), odds
            )
        )
        for hits in range(max(0, faults - other), min(own, faults) + 1)
    )
    assert whole == pytest.approx(1.0)


def test_three_times_the_errors_are_shown_and_equal_ones_are_not() -> None:
    worse = [FaultBlock(candidate=100, candidate_faults=6, baseline=100, baseline_faults=2)] * 6
    assert fault_evidence.shown(worse, 0.005)
    equal = [FaultBlock(candidate=100, candidate_faults=5, baseline=100, baseline_faults=5)] * 40
    assert not fault_evidence.shown(equal, 0.005)


def test_what_is_below_the_limit_is_borne_even_when_the_baseline_has_none() -> None:
    rare = [FaultBlock(candidate=1000, candidate_faults=4, baseline=19_000, baseline_faults=0)] * 5
    assert not fault_evidence.shown(rare, 0.005)
    assert fault_evidence.shown(rare, 0.0), "a limit of 0 is no limit"
    assert fault_evidence.evidence(rare, 1.0) == 1.0
    assert fault_evidence.evidence([], 0.005) == pytest.approx(1.0)
    assert fault_evidence.evidence([FaultBlock(candidate=5, candidate_faults=1, baseline=0, baseline_faults=0)], 0) == 1


def test_evidence_beyond_any_number_is_endless() -> None:
    broken = [FaultBlock(candidate=1000, candidate_faults=1000, baseline=1000, baseline_faults=0)]
    assert fault_evidence.evidence(broken, 0.005) == inf


@pytest.mark.parametrize(("requests", "below"), [(150, 0.0198), (300, 0.00994), (600, 0.00498), (3000, 0.000998)])
def test_requests_without_a_fault_exclude_three_in_n(requests: int, below: float) -> None:
    assert fault_evidence.most_likely_below(requests, 0) == pytest.approx(below, rel=0.01)
    assert fault_evidence.most_likely_below(requests, requests) == 1.0
    assert fault_evidence.most_likely_below(requests, 3) == pytest.approx(
        stats.beta.ppf(0.95, 4, requests - 3), rel=1e-4
    )


def test_checking_after_every_request_is_not_wrong_more_often_than_stated() -> None:
    """At equal rates of 2 %, above the limit; checked after each of 400 requests a side."""
    wrong = 0
    for seed in range(200):
        rng = random.Random(seed)  # noqa: S311  # a test
        logs = accumulate(_one_of_each(rng) for _ in range(400))
        wrong += any(one > 1 / fault_evidence.ALPHA for one in map(_evidence, logs))
    assert wrong <= 5


def _one_of_each(rng: random.Random) -> np.ndarray:
    block = FaultBlock(
        candidate=1, candidate_faults=rng.random() < 0.02, baseline=1, baseline_faults=rng.random() < 0.02
    )
    return np.array([fault_evidence.log_of_block(block, odds) for odds in fault_evidence.ODDS])


def _evidence(logs: np.ndarray) -> float:
    return float(np.exp(logs).mean())

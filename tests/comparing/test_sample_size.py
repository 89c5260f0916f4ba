"""How many items a margin needs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from fairlead.comparing import answer_noise, binomial, sample_size, score_bounds
from fairlead.comparing.sample_size import ItemPlan
from tests.comparing.pairs import counts

TWO_POINTS = ItemPlan(margin=0.02, discordance=0.05)


@given(st.integers(1, 300), st.floats(0, 1), st.floats(0, 1))
def test_binomial_chances_are_those_of_scipy(of: int, hits_share: float, share: float) -> None:
    hits = round(of * hits_share)
    assert binomial.at_least(hits, of, share) == pytest.approx(stats.binom.sf(hits - 1, of, share), rel=1e-6, abs=1e-9)


def test_one_logarithm_is_enough_for_a_sum_however_many_chances_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """A leader refuses a set that is too small within its loop, and must not lose its Lease meanwhile."""
    usual, computed = binomial.log_chance, list[int]()

    def counted(hits: int, of: int, share: float) -> float:
        computed.append(hits)
        return usual(hits, of, share)

    monkeypatch.setattr(binomial, "log_chance", counted)
    for hits in (100, 24_900, 25_000, 25_100, 49_900):
        expected = stats.binom.sf(hits - 1, 50_000, 0.5)
        assert binomial.at_least(hits, 50_000, 0.5) == pytest.approx(expected, rel=1e-6)
    assert len(computed) == 5


def test_power_is_the_chance_of_all_tables_that_pass() -> None:
    """Every table of sixty items, with its multinomial chance."""
    plan = ItemPlan(margin=0.1, discordance=0.2, difference=-0.02)
    rates = [0.09, 0.11, 0.8]
    level = score_bounds.quantile(0.95)
    whole = sum(
        stats.multinomial.pmf([gained, lost, 60 - gained - lost], 60, rates)
        for gained in range(61)
        for lost in range(61 - gained)
        if score_bounds.statistic(counts(60, gained, lost), -0.1) > level
    )
    assert sample_size.power(plan, 60) == pytest.approx(whole, abs=1e-6)


def test_the_number_needed_is_the_first_with_the_power() -> None:
    needed = sample_size.items_needed(TWO_POINTS)
    assert needed == 810
    assert sample_size.power(TWO_POINTS, 810) >= 0.8 > sample_size.power(TWO_POINTS, 809)


def test_a_candidate_that_is_truly_half_a_point_worse_needs_nearly_twice_the_items() -> None:
    assert sample_size.items_needed(replace(TWO_POINTS, difference=-0.005)) == 1438


def test_a_candidate_as_bad_as_the_margin_cannot_be_passed_by_any_number() -> None:
    assert sample_size.items_needed(replace(TWO_POINTS, difference=-0.02)) is None
    assert sample_size.items_needed(replace(TWO_POINTS, margin=0.0002, difference=-0.00019)) is None


def test_without_any_flip_some_items_are_needed_all_the_same() -> None:
    """All equal: n items exclude z²/(n+z²)."""
    assert sample_size.items_needed(ItemPlan(margin=0.02, discordance=0.0)) == 133


def test_where_hardly_any_answer_flips_the_normal_distribution_would_promise_too_much() -> None:
    """It says 155; the bound itself needs 133 even without a flip."""
    assert sample_size.items_needed(replace(TWO_POINTS, discordance=0.01)) == 284


def test_items_of_clusters_count_for_fewer() -> None:
    assert sample_size.power(replace(TWO_POINTS, design_effect=2.0), 1620) == sample_size.power(TWO_POINTS, 810)


def test_a_set_that_cannot_show_its_margin_is_refused_with_the_number_it_needs() -> None:
    refused = answer_noise.refusal(200, TWO_POINTS)
    assert refused is not None
    assert refused.needed == 810
    assert refused.message == (
        "200 items can exclude a drop of 4.4 points with 5.0% of the answers differing, not 2; that needs 810 items; "
        "add items, widen the margin, or send fewer requests at a time"
    )
    assert answer_noise.refusal(810, TWO_POINTS) is None


def test_an_engine_that_differs_from_itself_needs_more_items_than_assumed() -> None:
    noisy = counts(100, 6, 4, 70)
    refused = answer_noise.refusal(810, TWO_POINTS, noisy)
    assert refused is not None
    assert refused.needed == 1565
    hopeless = answer_noise.refusal(810, replace(TWO_POINTS, difference=-0.02), noisy)
    assert hopeless is not None
    assert "that needs no number of items" in hopeless.message


def test_further_samples_of_an_item_are_no_further_items_but_for_its_noise() -> None:
    alike = answer_noise.refusal(300, TWO_POINTS, samples=3)
    assert alike == answer_noise.refusal(300, TWO_POINTS)
    assert alike is not None
    noisy = counts(100, 3, 2, 70)
    assert answer_noise.refusal(270, TWO_POINTS, noisy, samples=3) is None
    fewer = answer_noise.refusal(250, TWO_POINTS, noisy, samples=3)
    assert fewer is not None
    assert fewer.needed == 273
    assert fewer.message.startswith("250 items can exclude a drop of 2.1 points")
    quiet = replace(TWO_POINTS, discordance=0.0)
    assert answer_noise.refusal(50, quiet, counts(100, 0, 0), samples=3) is not None
    assert answer_noise.refusal(133, quiet, counts(100, 0, 0), samples=3) is None

"""Early stopping for harm, and the effect of clusters."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.comparing import harm_stop, score_bounds
from fairlead.comparing.clusters import ClusteredCounts, clustered
from fairlead.comparing.harm_stop import ClusterSum
from fairlead.comparing.item_pairs import ItemPair, PairCounts
from tests.comparing.pairs import FAILED, RIGHT, in_clusters, pairs


def test_a_broken_candidate_is_stopped_after_a_dozen_items() -> None:
    lost = [ClusterSum(1, -1)]
    assert not harm_stop.stopped(lost * 4, 0.02)
    assert harm_stop.stopped(lost * 7, 0.02)
    assert harm_stop.capital([], 0.02) == 1.0


@pytest.mark.parametrize("lost", [1200, 1319, 5000])
def test_a_candidate_that_fails_everything_at_once_is_harm_however_many_items_it_failed(lost: int) -> None:
    """All answers of a runner's pod come together: the capital was beyond a float, and no verdict came."""
    assert harm_stop.stopped([ClusterSum(1, -1)] * lost, 0.02)
    assert not harm_stop.stopped([ClusterSum(1, 1)] * lost, 0.02)


@given(st.floats(0.001, 0.2), st.floats(0.0, 1.0))
def test_at_the_margin_no_bet_ever_gains_on_average(margin: float, more_flips: float) -> None:
    """A gain, a loss or neither, at rates whose difference is exactly the margin: each stake's capital stays 1."""
    lost = margin + (1 - margin) / 2 * more_flips
    gained = lost - margin
    for stake in harm_stop.stakes(margin):
        factors = [1 - stake * (payoff + margin) for payoff in (1, -1, 0)]
        assert min(factors) > 0, "nothing can ruin a bet"
        chances = (gained, lost, 1 - gained - lost)
        assert sum(chance * factor for chance, factor in zip(chances, factors, strict=True)) == pytest.approx(1.0)


@settings(max_examples=20)
@given(st.integers(0, 2**32))
def test_the_order_of_answers_never_changes_the_capital(seed: int) -> None:
    sums = [ClusterSum(1, -1)] * 7 + [ClusterSum(1, 1)] * 5 + [ClusterSum(1, 0)] * 80
    before = harm_stop.capital(sums, 0.02)
    random.Random(seed).shuffle(sums)  # noqa: S311  # a test
    assert harm_stop.capital(sums, 0.02) == pytest.approx(before)


def test_items_on_their_own_are_worth_what_they_are() -> None:
    found = clustered(pairs(both=90, gained=4, lost=6))
    assert not found.clustered
    assert found.effective(-0.02) == PairCounts(n=100, gained=4, lost=6, baseline_right=96)


def test_documents_that_are_lost_whole_are_worth_one_item_each() -> None:
    found = clustered(in_clusters(pairs(both=360, lost=40), 4))
    assert found.clustered
    assert found.design_effect(-0.1) == pytest.approx(4.0, rel=0.05)
    assert found.effective(-0.1).n == pytest.approx(100, rel=0.05)
    assert found.effective(-0.1).difference == pytest.approx(-0.1)


def test_clusters_never_make_items_worth_more() -> None:
    alternating = [one for pair in zip(pairs(gained=50), pairs(lost=50), strict=True) for one in pair]
    found = clustered(
        in_clusters(
            [
                ItemPair(item=str(at), baseline=one.baseline, candidate=one.candidate)
                for at, one in enumerate(alternating)
            ],
            2,
        )
    )
    assert found.design_effect(0.0) == 1.0
    equal = clustered(in_clusters(pairs(both=800), 4))
    assert equal.design_effect(-0.02) == pytest.approx(1.0, abs=0.02), "but for how well 200 clusters know their spread"
    assert clustered(in_clusters(pairs(lost=2, both=2), 4)).design_effect(-0.02) == 1.0, "one cluster tells nothing"


def test_a_pair_without_a_baseline_answer_is_in_no_cluster() -> None:
    found = clustered([ItemPair(item="a", baseline=FAILED, candidate=RIGHT)])
    assert (found.counts.n, found.clusters, found.design_effect(-0.02)) == (0, (), 1.0)
    assert (found.counts.difference, found.counts.discordance, found.counts.recovery) == (0.0, 0.0, None)


def test_documents_that_err_together_pass_a_candidate_at_the_margin_hardly_more_often_than_items_would() -> None:
    """40 documents of 10 items, a third of which flip as a whole; counted as items, one in six would pass wrongly."""
    passed, plain = 0, 0
    for seed in range(400):
        found = _drawn(random.Random(seed))  # noqa: S311  # a test
        passed += score_bounds.statistic(found.effective(-0.04), -0.04) > score_bounds.quantile(0.95)
        plain += score_bounds.statistic(found.counts, -0.04) > score_bounds.quantile(0.95)
    assert passed <= 0.09 * 400 < 0.14 * 400 < plain


def _drawn(rng: random.Random) -> ClusteredCounts:
    drawn = [[_flip(rng)] * 10 if rng.random() < 0.3 else [_flip(rng) for _ in range(10)] for _ in range(40)]
    flips = [one for document in drawn for one in document]
    counts = PairCounts(n=400, gained=flips.count(1), lost=flips.count(-1), baseline_right=0)
    return ClusteredCounts(counts=counts, clusters=tuple(ClusterSum(10, sum(one)) for one in drawn))


def _flip(rng: random.Random) -> int:
    drawn = rng.random()
    return -1 if drawn < 0.07 else 1 if drawn < 0.10 else 0

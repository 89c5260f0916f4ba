"""The quality gate's verdicts, each with its reason and what would change it."""

from dataclasses import replace

import pytest

from fairlead.comparing import guards, quality, slices
from fairlead.comparing.guards import Guard
from fairlead.comparing.item_pairs import ItemPair, ScoredAnswer
from fairlead.comparing.quality import QualityPlan
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Interval, Verdict
from tests.comparing.pairs import FAILED, RIGHT, WRONG, in_clusters, pairs, tagged

PLAN = QualityPlan(items=1000, margin=0.02)


def verdict(found: list[ItemPair], plan: QualityPlan = PLAN) -> GateVerdict:
    return quality.report(found, plan).verdict


def test_equal_answers_pass_with_their_figures() -> None:
    found = verdict(pairs(both=700, gained=25, lost=25, neither=250))
    assert (found.verdict, found.reason, found.n) == (Verdict.PASSED, GateReason.NOT_WORSE, 1000)
    assert (found.baseline, found.candidate) == (0.725, 0.725)
    assert isinstance(found.difference, Interval)
    assert found.difference.low == pytest.approx(-0.0119, abs=1e-4)
    assert found.message == "72.5% right, 72.5% of the baseline: +0.0 points, at worst -1.2"


def test_a_few_points_worse_at_the_end_fails() -> None:
    found = verdict(pairs(both=700, gained=30, lost=60, neither=210))
    assert (found.verdict, found.reason) == (Verdict.FAILED, GateReason.WORSE)
    assert found.message.startswith("73.0% right, 76.0% of the baseline: -3.0 points, at best -1.")


def test_harm_stops_the_run_long_before_its_end() -> None:
    found = verdict(pairs(both=50, lost=12))
    assert (found.verdict, found.reason, found.n) == (Verdict.FAILED, GateReason.STOPPED_FOR_HARM, 62)
    assert found.message == "stopped at 62 of 1,000 items: 80.6% right, 100.0% of the baseline: -19.4 points"


def test_whether_a_run_may_end_early_is_what_its_verdict_says() -> None:
    for found in (pairs(both=50, lost=12), pairs(neither=60)):
        assert quality.decided_early(found, PLAN)
    for found in (pairs(both=900), pairs(both=100, lost=1), []):
        assert not quality.decided_early(found, PLAN)


def test_an_unfinished_run_is_undecided_with_the_items_left_however_good_its_results() -> None:
    found = verdict(pairs(both=900))
    assert (found.verdict, found.reason, found.missing) == (Verdict.UNDECIDED, GateReason.NOT_FINISHED, 100)
    nothing = verdict([])
    assert (nothing.reason, nothing.missing, nothing.baseline, nothing.difference) == (
        GateReason.NOT_FINISHED,
        1000,
        None,
        None,
    )


def test_what_a_set_leaves_open_is_undecided_with_the_items_missing() -> None:
    found = verdict(pairs(both=200, gained=10, lost=10), replace(PLAN, items=220))
    assert (found.verdict, found.reason) == (Verdict.UNDECIDED, GateReason.MARGIN_NOT_EXCLUDED)
    assert found.missing is not None
    assert 1100 < found.missing < 1300
    assert found.message.endswith(f"and -2.0 are allowed; about {found.missing:,} more items would decide")


def test_where_more_items_would_hardly_help_none_are_promised() -> None:
    found = verdict(pairs(both=190, gained=3, lost=7), replace(PLAN, items=200))
    assert (found.reason, found.missing) == (GateReason.MARGIN_NOT_EXCLUDED, None)
    assert found.message.endswith("and -2.0 are allowed")


def test_fewer_items_than_required_are_undecided() -> None:
    few = replace(PLAN, items=200, min_items=300)
    found = verdict(pairs(both=200), few)
    assert (found.verdict, found.reason, found.missing) == (Verdict.UNDECIDED, GateReason.TOO_FEW_ITEMS, 100)


def test_a_few_long_documents_decide_nothing() -> None:
    found = verdict(in_clusters(pairs(both=1000), 100))
    assert (found.verdict, found.reason) == (Verdict.UNDECIDED, GateReason.TOO_FEW_CLUSTERS)
    assert verdict(in_clusters(pairs(both=1000), 10)).verdict is Verdict.PASSED


def test_a_baseline_that_does_not_answer_is_an_error_of_the_evaluation() -> None:
    broken = [ItemPair(item=f"broken-{one}", baseline=FAILED, candidate=RIGHT) for one in range(11)]
    found = verdict([*pairs(both=100), *broken])
    assert (found.verdict, found.reason) == (Verdict.ERROR, GateReason.BASELINE_ERRORS)
    assert "did not answer 11 items of 1000, at most 1% may fail: 503 Service Unavailable" in found.message
    few = verdict([*pairs(both=990), *broken[:10]])
    assert (few.verdict, few.n) == (Verdict.PASSED, 990)


@pytest.mark.parametrize(
    ("found", "plan", "reason"),
    [
        (pairs(neither=60), PLAN, GateReason.AT_CHANCE),
        (pairs(both=30, neither=70), replace(PLAN, items=100, chance=0.25), GateReason.AT_CHANCE),
        (pairs(both=60, neither=40), replace(PLAN, expected_score=0.9), GateReason.UNLIKE_EXPECTED_SCORE),
        (pairs(both=90, neither=10), replace(PLAN, expected_score=0.6), GateReason.UNLIKE_EXPECTED_SCORE),
    ],
)
def test_a_score_that_cannot_be_is_an_error_and_never_passes(
    found: list[ItemPair], plan: QualityPlan, reason: GateReason
) -> None:
    answered = verdict(found, plan)
    assert (answered.verdict, answered.reason) == (Verdict.ERROR, reason)


def test_hard_questions_that_are_not_above_chance_yet_end_no_run() -> None:
    """Of four choices 36 % right: far above chance over the whole set, and not over its first fifty."""
    hard = replace(PLAN, chance=0.25)
    early = pairs(both=13, neither=37)
    assert not quality.decided_early(early, hard)
    assert verdict(early, hard).reason is GateReason.NOT_FINISHED
    assert verdict(pairs(both=360, neither=640), hard).verdict is Verdict.PASSED
    assert quality.decided_early(pairs(neither=50), hard)


def test_a_score_that_is_unlike_the_expected_one_only_at_first_ends_no_run() -> None:
    """Such a sample is one of two thousand, and a run has many of them."""
    plan = replace(PLAN, expected_score=0.8)
    early = pairs(both=29, neither=21)
    assert verdict(early, replace(plan, items=50)).reason is GateReason.UNLIKE_EXPECTED_SCORE
    assert not quality.decided_early(early, plan)
    assert verdict(early, plan).reason is GateReason.NOT_FINISHED
    assert quality.decided_early(pairs(both=20, neither=30), plan)


def test_a_score_above_chance_and_near_the_expected_one_is_accepted() -> None:
    plan = replace(PLAN, items=400, chance=0.25, expected_score=0.7)
    assert verdict(pairs(both=280, neither=120), plan).verdict is Verdict.PASSED
    small = replace(PLAN, items=400, expected_score=0.7)
    assert verdict(pairs(both=5), small).reason is GateReason.NOT_FINISHED, "too early to compare with a known score"


def test_an_error_of_the_candidate_is_a_wrong_answer() -> None:
    failing = [ItemPair(item=f"failing-{one}", baseline=RIGHT, candidate=FAILED) for one in range(20)]
    found = quality.report([*pairs(both=480, neither=500), *failing], PLAN)
    assert found.counts.counts.lost == 20
    errors = next(one for one in found.guards if one.guard is Guard.ERRORS)
    assert (errors.baseline, errors.candidate, errors.exceeded) == (0.0, 0.02, True)


def test_answers_that_are_cut_fail_a_candidate_whose_score_is_equal() -> None:
    cut = replace(RIGHT, cut=True)
    found = pairs(both=900, neither=40) + [
        ItemPair(item=f"cut-{one}", baseline=RIGHT, candidate=cut) for one in range(60)
    ]
    answered = verdict(found)
    assert (answered.verdict, answered.reason) == (Verdict.FAILED, GateReason.GUARD_EXCEEDED)
    assert answered.message == "Cut: 6.0% of the answers, 0.0% of the baseline's"


@pytest.mark.parametrize(
    ("candidate", "guard"),
    [
        (replace(WRONG, empty=True), Guard.EMPTY),
        (replace(WRONG, invalid_json=True), Guard.INVALID_JSON),
    ],
)
def test_each_guard_counts_its_own_fault(candidate: ScoredAnswer, guard: Guard) -> None:
    found = [ItemPair(item=str(one), baseline=WRONG, candidate=candidate) for one in range(30)]
    assert [one.guard for one in guards.figures(found) if one.exceeded] == [guard]


def test_a_guard_counts_samples_of_one_item_as_one() -> None:
    """Of forty items five run into the limit each time, which forty answers do not show."""
    cut = replace(RIGHT, cut=True)
    single = [ItemPair(item=str(one), baseline=RIGHT, candidate=cut if one < 5 else RIGHT) for one in range(40)]
    thrice = [replace(one, item=f"{one.item}/{sample}", cluster=one.item) for one in single for sample in range(3)]
    for found in (single, thrice):
        figures = next(one for one in guards.figures(found) if one.guard is Guard.CUT)
        assert (figures.candidate, figures.exceeded) == (0.125, False)
    assert next(one for one in guards.figures(in_clusters(single * 3, 1)) if one.guard is Guard.CUT).exceeded


def test_a_few_long_answers_that_are_repeated_exceed_no_length() -> None:
    long = replace(RIGHT, tokens=240)
    single = [ItemPair(item=str(one), baseline=RIGHT, candidate=long if one < 4 else RIGHT) for one in range(40)]
    thrice = [replace(one, item=f"{one.item}/{sample}", cluster=one.item) for one in single for sample in range(5)]
    for found, exceeded in ((single, False), (thrice, False), (in_clusters(single * 5, 1), True)):
        figures = next(one for one in guards.figures(found) if one.guard is Guard.LENGTH)
        assert (figures.candidate, figures.exceeded) == (60, exceeded)


def test_a_chattier_candidate_is_failed_by_its_length() -> None:
    long = replace(RIGHT, tokens=48)
    found = [ItemPair(item=str(one), baseline=RIGHT, candidate=long) for one in range(1000)]
    answered = verdict(found)
    assert (answered.reason, answered.message) == (
        GateReason.GUARD_EXCEEDED,
        "48 tokens an answer, 40 of the baseline",
    )
    short = [replace(one, candidate=replace(RIGHT, tokens=30)) for one in found]
    assert verdict(short).reason is GateReason.GUARD_EXCEEDED


def test_lengths_that_vary_by_chance_exceed_nothing() -> None:
    uneven = [
        ItemPair(
            item=str(one),
            baseline=replace(RIGHT, tokens=10 if one % 2 else 100),
            candidate=replace(RIGHT, tokens=130 if one % 2 else 10),
        )
        for one in range(20)
    ]
    length = next(one for one in guards.figures(uneven) if one.guard is Guard.LENGTH)
    assert (length.baseline, length.candidate, length.exceeded) == (55, 70, False)
    unknown = [ItemPair(item="a", baseline=replace(RIGHT, tokens=None), candidate=RIGHT)]
    assert all(one.guard is not Guard.LENGTH for one in guards.figures(unknown))


def test_one_slice_that_is_much_worse_fails_what_the_whole_would_pass() -> None:
    easy = list(tagged(pairs(both=940, gained=10), "easy"))
    legal = [replace(one, item=f"legal-{one.item}") for one in tagged(pairs(both=38, lost=12), "legal")]
    found = verdict([*easy, *legal])
    assert (found.verdict, found.reason) == (Verdict.FAILED, GateReason.SLICE_WORSE)
    assert found.message == "worse by more than +2.0 in 1 slice: legal (-24.0 of 50)"


def test_small_slices_are_skipped_and_only_bad_ones_are_marked_worse() -> None:
    small = list(tagged(pairs(both=20, lost=9), "small"))
    assert slices.figures(small, 0.02) == ()
    shown = slices.figures([*tagged(pairs(both=50), "a"), *tagged(pairs(both=25, lost=25), "b")], 0.02)
    assert [(one.tag, one.worse) for one in shown] == [("a", False), ("b", True)]


def test_a_slice_of_a_few_documents_is_shown_and_fails_no_candidate() -> None:
    """Forty questions on one document are wrong together, which says little about any other document."""
    rest = in_clusters(pairs(both=950, gained=10), 10)
    one = [
        replace(each, item=f"lost-{each.item}", cluster="document-x") for each in tagged(pairs(both=20, lost=20), "x")
    ]
    (shown,) = slices.figures([*rest, *one], 0.05)
    assert (shown.tag, shown.counts.n, shown.counts.lost, shown.worse) == ("x", 40, 20, False)
    assert verdict([*rest, *one], replace(PLAN, margin=0.05)).reason is GateReason.MARGIN_NOT_EXCLUDED
    many = [replace(each, cluster=f"document-x{place // 2}") for place, each in enumerate(one)]
    assert [each.worse for each in slices.figures([*rest, *many], 0.05)] == [True]


def test_a_slice_of_ten_items_with_three_samples_each_is_not_tested() -> None:
    found = list(tagged(pairs(lost=10), "few"))
    thrice = [replace(one, item=f"{one.item}/{sample}", cluster=one.item) for one in found for sample in range(3)]
    (shown,) = slices.figures(thrice, 0.02)
    assert (shown.counts.n, shown.worse) == (30, False)


def test_the_share_of_the_baselines_score_that_is_recovered_is_shown() -> None:
    counted = quality.report(pairs(both=90, lost=10), PLAN).counts.counts
    assert counted.recovery == pytest.approx(0.9)
    assert counted.discordance == pytest.approx(0.1)


def test_a_baseline_that_loses_every_pair_before_a_judge_is_no_error() -> None:
    assert quality.report(pairs(gained=60), replace(PLAN, items=60, judged=True)).verdict.reason is GateReason.NOT_WORSE
    assert quality.report(pairs(gained=60), PLAN).verdict.reason is GateReason.AT_CHANCE

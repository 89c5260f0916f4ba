"""The service gate's verdicts on users' requests."""

from dataclasses import replace

import pytest

from fairlead.comparing import fault_evidence, request_samples, service
from fairlead.comparing.service import ServicePlan
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict
from fairlead.fleet.request_samples import Fault, Latency, RequestSample
from tests.comparing.requests_of_users import Traffic

PLAN = ServicePlan()


def verdict(traffic: Traffic, plan: ServicePlan = PLAN) -> GateVerdict:
    return service.report(traffic.samples(), plan).verdict


def test_equal_revisions_pass_with_what_is_shown() -> None:
    found = verdict(Traffic(minutes=30))
    assert (found.verdict, found.reason) == (Verdict.PASSED, GateReason.NOT_WORSE)
    assert "first token" in found.message
    assert found.message.endswith("; faults in less than 0.50% of the conversations")


def test_a_slower_first_token_fails_with_the_ratio_and_its_bounds() -> None:
    found = verdict(Traffic(minutes=30, slower=(1.6, 1.0)))
    assert (found.verdict, found.reason) == (Verdict.FAILED, GateReason.SLOWER)
    assert found.difference is not None
    assert found.difference.low < 1.6 < found.difference.high


def test_slower_tokens_fail_though_the_first_one_comes_in_time() -> None:
    found = verdict(Traffic(minutes=30, slower=(1.0, 1.4)))
    assert (found.reason, found.message.partition(":")[0]) == (GateReason.SLOWER, "time per output token")


def test_an_hour_without_traffic_is_undecided_and_never_passed() -> None:
    for a_minute in ((20, 0), (0, 20), (0, 0)):
        found = verdict(Traffic(minutes=60, a_minute=a_minute))
        assert (found.verdict, found.reason, found.missing) == (Verdict.UNDECIDED, GateReason.NO_TRAFFIC, 150)


def test_few_requests_are_undecided_with_the_number_missing() -> None:
    found = verdict(Traffic(minutes=7, a_minute=(20, 20)))
    assert (found.verdict, found.reason, found.missing) == (Verdict.UNDECIDED, GateReason.TOO_FEW_REQUESTS, 10)


def test_a_cold_prefix_cache_is_left_out_until_it_is_as_warm_or_five_minutes_have_passed() -> None:
    cold = Traffic(minutes=5, cached=(0.8, 0.0), slower=(4.0, 1.0))
    found = verdict(cold)
    assert (found.verdict, found.reason) == (Verdict.UNDECIDED, GateReason.WARMING_UP)
    assert found.message == "100 requests while the prefix cache is still cold; these are not counted"
    assert request_samples.warm_from(cold.samples()) == 300.0
    assert request_samples.warm_from(Traffic(minutes=5).samples()) == 60.0
    assert request_samples.warm_from(Traffic(minutes=9, a_minute=(20, 2)).samples()) == 300.0, "too few to know"
    assert request_samples.warm_from([]) is None


def test_what_the_final_analysis_leaves_undecided_stays_undecided() -> None:
    between = Traffic(minutes=60, slower=(1.15, 1.0), seed=5)
    found = verdict(between, replace(PLAN, requests=150))
    assert (found.verdict, found.reason, found.missing) == (Verdict.UNDECIDED, GateReason.LIMIT_NOT_EXCLUDED, None)


def test_before_the_final_analysis_the_number_of_requests_still_needed_is_stated() -> None:
    found = verdict(Traffic(minutes=10, slower=(1.15, 1.0), seed=4))
    assert (found.reason, found.missing) == (GateReason.LIMIT_NOT_EXCLUDED, 220)
    assert found.message.endswith("; streamed replies in up to 220 more conversations per side decide")


@pytest.mark.parametrize("fault", list(Fault))
def test_more_faults_than_the_baseline_and_the_limit_fail(fault: Fault) -> None:
    found = verdict(Traffic(minutes=30, faults={fault: (0.01, 0.08)}))
    assert (found.verdict, found.reason) == (Verdict.FAILED, GateReason.MORE_FAULTS)
    assert found.message.startswith(f"{fault}: ")
    assert " of 600 conversations, " in found.message
    assert found.message.endswith("and 0.50% are allowed")


def test_faults_that_both_have_alike_are_no_fault_of_the_candidate() -> None:
    report = service.report(Traffic(minutes=30, faults={Fault.ERROR: (0.05, 0.05)}).samples(), PLAN)
    assert report.verdict.verdict is Verdict.PASSED
    assert report.fault_rates[Fault.CUT] == (0.0, 0.0)


def test_the_bound_of_faults_is_of_conversations_and_never_below_the_rate_that_was_seen() -> None:
    samples = Traffic(minutes=30, turns=10).samples()
    of_one = next(one.conversation for one in samples if one.candidate)
    faulty = [replace(one, faults=frozenset({Fault.ERROR})) if one.conversation == of_one else one for one in samples]
    found = service.report(faulty, replace(PLAN, slower={}))
    assert found.verdict.verdict is Verdict.PASSED
    assert found.fault_rates[Fault.ERROR] == (0.0, 1 / 60)
    below = float(found.verdict.message.rpartition("faults in less than ")[2].partition("%")[0]) / 100
    assert below == pytest.approx(fault_evidence.most_likely_below(60, 1), abs=1e-4)
    assert below > 1 / 60


def test_requests_of_one_conversation_count_as_one() -> None:
    single = Traffic(minutes=12, turns=20, seed=9)
    found = service.report(single.samples(), PLAN)
    assert found.verdict.reason is GateReason.LIMIT_NOT_EXCLUDED
    assert found.latencies[Latency.TTFT].information < 70


def test_what_is_missing_is_counted_in_conversations_as_more_requests_of_the_same_ones_decide_nothing() -> None:
    chats = Traffic(minutes=12, turns=20, seed=9)
    few = verdict(chats)
    assert few.missing is not None
    assert few.message.endswith(f"; streamed replies in up to {few.missing} more conversations per side decide")
    longer_ones = verdict(replace(chats, a_minute=(60, 60), turns=60))
    assert longer_ones.n > few.n + few.missing, "more requests than were missing, of as many conversations"
    assert longer_ones.reason is GateReason.LIMIT_NOT_EXCLUDED
    longer = verdict(replace(chats, minutes=12 * 60))
    assert longer.verdict is Verdict.PASSED


def test_the_verdict_never_depends_on_how_often_it_is_computed() -> None:
    """A restarted controller reads the same requests and reaches the same verdict, at the same interim analysis."""
    samples = Traffic(minutes=30, slower=(1.6, 1.0)).samples()
    whole = service.report(samples, PLAN)
    found = [service.report(samples[:end], PLAN) for end in range(400, len(samples), 200)]
    decided = [one for one in found if one.verdict.verdict is not Verdict.UNDECIDED]
    assert decided
    strata = {one.latencies[Latency.TTFT].strata for one in decided}
    assert strata == {whole.latencies[Latency.TTFT].strata}


def test_durations_without_a_limit_are_not_compared() -> None:
    found = verdict(Traffic(minutes=10, slower=(9.0, 9.0)), replace(PLAN, slower={}))
    assert (found.verdict, found.message.partition(";")[0]) == (Verdict.PASSED, "durations are not compared")


@pytest.mark.parametrize(("seconds", "unseen"), [(0.0, "first token and time per output"), (0.1, "time per output")])
def test_replies_that_are_not_streamed_decide_nothing_and_no_more_of_them_are_wanted(
    seconds: float, unseen: str
) -> None:
    bare = [replace(one, ttft_s=seconds or None, tpot_s=None) for one in Traffic(minutes=30).samples()]
    verdict = service.report(bare, PLAN).verdict
    assert (verdict.verdict, verdict.reason, verdict.missing) == (
        Verdict.UNDECIDED,
        GateReason.LIMIT_NOT_EXCLUDED,
        None,
    )
    assert verdict.message == (
        f"{unseen} token cannot be compared: only streamed replies of several tokens have both latencies, and at least "
        "one revision had none; judge by gate Quality or Manual, or promote or abort yourself"
    )


def test_requests_without_a_like_one_on_the_other_side_are_waited_for() -> None:
    apart = [replace(one, load=int(one.candidate)) for one in Traffic(minutes=10).samples()]
    verdict = service.report(apart, PLAN).verdict
    assert (verdict.reason, verdict.missing) == (GateReason.LIMIT_NOT_EXCLUDED, 400)
    assert verdict.message.startswith("first token 0.00 times (0.00 to more than 20)")


def test_a_ratio_beyond_what_is_searched_is_shown_as_that() -> None:
    found = verdict(Traffic(minutes=30, slower=(60.0, 1.0), sigma=0.3))
    assert found.reason is GateReason.SLOWER
    assert found.message.startswith("first token: more than 20 times the baseline's on ")


def test_prompts_of_like_length_and_load_are_alike() -> None:
    sample = RequestSample(at=0, candidate=True, conversation="a", prompt_tokens=1000, cached_tokens=984)
    assert sample.stratum == (2, 0)
    assert replace(sample, cached_tokens=1000, load=3).stratum == (0, 3)
    assert replace(sample, ttft_s=0.8).duration(Latency.TTFT) == 0.05

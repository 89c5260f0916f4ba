"""The need by each signal, from a fleet that follows the arithmetic exactly."""

from dataclasses import replace

import pytest

from fairlead.fleet.policies import ColdStart, ReplicaBounds, ScalingSignal
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.facts import EnginePodPhase, RouterPod, SampleProblem
from fairlead.scaling.learn import slo_correction
from tests.scaling.fluid_fleets import (
    COLD,
    KV_ONLY,
    OUTPUT,
    POLICY,
    PROMPT,
    QUEUE_ONLY,
    TOKENS_ONLY,
    TRUE,
    Fluid,
    need_by,
    only,
)


def figure(answer: Recommendation, name: str) -> float:
    """One figure of the decision."""
    everywhere = [*answer.figures, *(one for candidate in answer.candidates for one in candidate.figures)]
    return next(one.value for one in everywhere if one.name == name)


def test_token_demand_is_unknown_before_two_scrapes_and_some_replies() -> None:
    fleet = Fluid(policy=only(TOKENS_ONLY)).grown(2, at_once=True)
    assert "not been counted for long enough" in need_by(fleet.decided(), ScalingSignal.TOKENS).because
    fleet.passed(4.0, 1.0)
    assert "fewer than 20 requests" in need_by(fleet.decided(), ScalingSignal.TOKENS).because


def test_without_a_data_sheet_the_first_scrapes_show_how_fast_a_replica_is() -> None:
    fleet = Fluid(speed=None).grown(2, at_once=True)
    answer = fleet.lived(10 * COLD, 8.0)
    assert need_by(answer, ScalingSignal.TOKENS).replicas is not None
    assert figure(answer, "demand.requestsPerSecond") == pytest.approx(8.0, rel=0.01)


def test_without_a_data_sheet_and_without_tokens_the_speed_of_a_replica_is_unknown() -> None:
    fleet = Fluid(speed=None).grown(2, at_once=True)
    fleet.lived(16.0, 0.0)
    mixture = replace(fleet.memory.estimates.mixture, requests=50.0, first=50.0, prompt_tokens=50.0, output_tokens=50.0)
    fleet.memory = replace(fleet.memory, estimates=replace(fleet.memory.estimates, mixture=mixture))
    assert "neither measured yet nor known" in need_by(fleet.decided(), ScalingSignal.TOKENS).because


def test_the_fleet_settles_where_objectives_are_kept_and_stays_there() -> None:
    fleet = Fluid().grown(2, at_once=True)
    fleet.lived(20 * COLD, 12.0)
    settled = len(fleet.engines)
    fleet.lived(5 * COLD, 12.0)
    assert len(fleet.engines) == settled
    assert 3 <= settled <= 6


def test_a_step_is_seen_within_a_fraction_of_a_cold_start() -> None:
    fleet = Fluid().grown(2, at_once=True)
    fleet.lived(12 * COLD, 3.0)
    before = len(fleet.engines)
    fleet.lived(COLD / 4, 30.0)
    assert len(fleet.engines) >= before + 4


def test_speeds_are_learned_although_the_data_sheet_is_wrong() -> None:
    wrong = replace(TRUE, step_seconds=0.04, seconds_per_prompt_token=0.00015, kv_tokens=None, max_sequences=None)
    fleet = Fluid(speed=wrong).grown(3, at_once=True)
    for rate in (4.0, 8.0, 12.0):
        fleet.lived(8 * COLD, rate)
    answer = fleet.lived(8 * COLD, 16.0)
    assert figure(answer, "speed.stepSeconds") == pytest.approx(0.02, rel=0.1)


def test_attainment_counts_more_than_the_arithmetic() -> None:
    calm, strained = Fluid().grown(3, at_once=True), Fluid(late_share=0.2).grown(3, at_once=True)
    calm.lived(20 * COLD, 12.0)
    strained.lived(20 * COLD, 12.0)
    assert slo_correction.factor(slo_correction.fit_misses(strained.memory.estimates.slo_correction), 0.15) > 1.2
    assert slo_correction.factor(slo_correction.fit_misses(calm.memory.estimates.slo_correction), 0.15) <= 1.0
    assert len(strained.engines) > len(calm.engines)


def test_a_backlog_needs_more_replicas_than_the_objectives_do() -> None:
    fleet = Fluid(policy=only(TOKENS_ONLY)).grown(3, at_once=True)
    fleet.lived(12 * COLD, 8.0)
    calm = need_by(fleet.decided(), ScalingSignal.TOKENS).replicas
    fleet.waiting = 4000.0
    late = need_by(fleet.decided(), ScalingSignal.TOKENS)
    assert calm is not None
    assert late.replicas is not None
    assert late.replicas > calm
    assert "s of work for one replica" in late.because


def test_without_requests_no_replica_is_needed() -> None:
    fleet = Fluid(policy=only(TOKENS_ONLY)).grown(3, at_once=True)
    fleet.lived(12 * COLD, 8.0)
    answer = fleet.lived(8 * COLD, 0.0)
    assert need_by(answer, ScalingSignal.TOKENS).replicas == 0


def test_batch_work_grows_no_fleet_however_much_comes() -> None:
    fleet = Fluid().grown(2, at_once=True)
    before = fleet.lived(12 * COLD, 3.0)
    for _ in range(100):
        fleet.batch += 200 * 16.0
        during = fleet.lived(16.0, 3.0)
        assert during.replicas <= before.replicas
        assert figure(during, "demand.requestsPerSecond") == pytest.approx(3.0)


def test_a_fleet_that_gets_batch_work_is_not_idle() -> None:
    to_zero = replace(POLICY, zero_after_seconds=300.0)
    fleet = Fluid(policy=to_zero, bounds=ReplicaBounds(least=0, most=9)).grown(1, at_once=True)
    fleet.lived(12 * COLD, 0.5)
    for _ in range(60):
        fleet.batch += 1
        assert fleet.after(16.0, 0.0).replicas == 1
    assert [fleet.after(16.0, 0.0).replicas for _ in range(19)] == [1] * 18 + [0]


def test_the_queue_signal_alone_needs_a_replica_for_each_target_of_waiting_requests() -> None:
    fleet = Fluid(policy=only(QUEUE_ONLY), waiting=7.0).grown(2, at_once=True)
    assert need_by(fleet.decided(), ScalingSignal.QUEUE_DEPTH).replicas == 4


def test_a_router_that_is_silent_is_taken_for_as_busy_as_the_other() -> None:
    fleet = Fluid(policy=only(QUEUE_ONLY), waiting=7.0).grown(2, at_once=True)
    facts = fleet.facts()
    silent = replace(facts, routers=(*facts.routers, RouterPod(name="router-2", problem=SampleProblem.NO_ANSWER)))
    answer = fleet.decided(silent)
    assert need_by(answer, ScalingSignal.QUEUE_DEPTH).replicas == 7
    assert [(one.who, one.what) for one in answer.questions] == [("router-2", "does not answer")]


def test_without_a_reported_queue_depth_the_queue_signal_has_no_need() -> None:
    fleet = Fluid(policy=only(QUEUE_ONLY)).grown(1)
    answer = fleet.decided(replace(fleet.facts(), routers=()))
    assert need_by(answer, ScalingSignal.QUEUE_DEPTH).replicas is None
    assert [one.what for one in answer.questions] == ["none reports its load"]


@pytest.mark.parametrize(
    ("usage", "ready", "coming", "replicas"),
    [
        (0.84, 4, 0, 4),  # within a tenth of 0.80
        (1.0, 4, 0, 5),  # 4 x 1.00 / 0.80
        (1.0, 4, 1, 5),  # the starting one is empty: 4 x 1.25 of 5 is right
        (1.0, 8, 1, 10),
        (1.0, 4, 4, 8),  # the starting ones would reverse it: nothing changes
        (0.4, 4, 0, 2),
        (0.4, 4, 2, 4),  # starting ones count as right at the target
        (0.6, 1, 9, 10),  # and damp it until nothing changes
    ],
)
def test_the_kv_cache_signal_alone_scales_as_an_hpa_does(usage: float, ready: int, coming: int, replicas: int) -> None:
    fleet = Fluid(policy=only(KV_ONLY)).grown(ready, at_once=True).grown(coming)
    facts = fleet.facts()
    pods = tuple(
        replace(pod, figures=replace(pod.figures, kv_usage=usage)) if pod.figures else pod for pod in facts.pods
    )
    assert need_by(fleet.decided(replace(facts, pods=pods)), ScalingSignal.KV_CACHE).replicas == replicas


def test_without_a_ready_replica_the_kv_cache_signal_has_no_need() -> None:
    fleet = Fluid(policy=only(KV_ONLY)).grown(2)
    assert need_by(fleet.decided(), ScalingSignal.KV_CACHE).replicas is None


def test_pressure_that_stays_although_nothing_starts_corrects_what_tokens_see() -> None:
    fleet = Fluid().grown(4, at_once=True)
    fleet.lived(12 * COLD, 4.0)
    there, fleet.waiting = len(fleet.engines), 60.0
    fleet.passed(4.0, 4.0)
    first = need_by(fleet.decided(), ScalingSignal.QUEUE_DEPTH)
    assert first.replicas == there
    assert "while this is new" in first.because
    for _ in range(10):
        fleet.after(4.0, 4.0)
    last = need_by(fleet.decided(), ScalingSignal.QUEUE_DEPTH)
    assert last.replicas == there + 1
    assert "it lasts although tokens ask for no more" in last.because


def test_new_replicas_get_a_cold_start_to_work_off_what_waited_before_them() -> None:
    fleet = Fluid().grown(4, at_once=True)
    fleet.lived(12 * COLD, 4.0)
    fleet.grown(4, at_once=True)
    there, fleet.waiting = len(fleet.engines), 100.0
    needs = [need_by(fleet.after(4.0, 4.0), ScalingSignal.QUEUE_DEPTH) for _ in range(int(COLD / 4.0) - 1)]
    working = needs[-1]
    assert working.replicas == there
    assert "work off the queue" in working.because
    fleet.passed(4.0, 4.0)
    assert need_by(fleet.decided(), ScalingSignal.QUEUE_DEPTH).replicas == there + 2


def test_a_queue_at_one_engine_alone_is_no_reason_to_grow() -> None:
    fleet = Fluid().grown(4, at_once=True)
    fleet.lived(12 * COLD, 4.0)
    there = len(fleet.engines)
    for _ in range(20):
        fleet.passed(4.0, 4.0)
        facts = fleet.facts()
        crowded, *others = facts.pods
        assert crowded.figures is not None
        crowded = replace(crowded, figures=replace(crowded.figures, waiting=60.0))
        queue = need_by(fleet.decided(replace(facts, pods=(crowded, *others))), ScalingSignal.QUEUE_DEPTH)
        assert queue.replicas == there
        assert "other engines have no queue" in queue.because


def test_a_hung_replica_is_paid_for_and_replaced() -> None:
    fleet = Fluid(policy=only(TOKENS_ONLY)).grown(4, at_once=True)
    fleet.lived(12 * COLD, 8.0)
    well = need_by(fleet.decided(), ScalingSignal.TOKENS).replicas
    facts = fleet.facts()
    hung = replace(facts, pods=(replace(facts.pods[0], phase=EnginePodPhase.HUNG), *facts.pods[1:]))
    assert well is not None
    assert need_by(fleet.decided(hung), ScalingSignal.TOKENS).replicas == well + 1


def test_a_cold_start_that_takes_longer_than_assumed_is_learned() -> None:
    fleet = Fluid(policy=replace(POLICY, cold_start=ColdStart(assume_seconds=COLD / 2))).grown(1, at_once=True)
    answer = fleet.lived(12 * COLD, 16.0)
    assert figure(answer, "coldStart.seconds") == pytest.approx(COLD, rel=0.05)


def test_engines_report_demand_where_no_router_does() -> None:
    fleet = Fluid(policy=only(TOKENS_ONLY)).grown(4, at_once=True)
    answer = fleet.decided()
    for _ in range(100):
        fleet.passed(16.0, 8.0)
        answer = fleet.decided(replace(fleet.facts(), routers=()))
    assert figure(answer, "demand.requestsPerSecond") == pytest.approx(8.0, rel=0.05)


@pytest.mark.parametrize("longer", [0.0, 2000.0, -2000.0])
def test_engines_that_answered_much_report_no_burst_when_clients_leave_or_prompts_change(longer: float) -> None:
    fleet = Fluid(policy=only(TOKENS_ONLY)).grown(2, at_once=True)
    for engine in fleet.engines:
        engine.finished, engine.prompt, engine.output = 100_000.0, 100_000.0 * PROMPT, 100_000.0 * OUTPUT
    _without_routers(fleet, 50, more_running=30.0)
    for engine in fleet.engines:
        engine.prompt += longer
    for answer in _without_routers(fleet, 50, more_running=5.0):
        assert figure(answer, "demand.requestsPerSecond") == pytest.approx(4.0, rel=0.3)
        assert figure(answer, "demand.promptTokensPerSecond") == pytest.approx(4.0 * PROMPT, rel=0.3)
        assert answer.replicas <= 2


def _without_routers(fleet: Fluid, decisions: int, more_running: float) -> list[Recommendation]:
    """Four requests a second that only engines report, while others run in each."""
    answers = []
    for _ in range(decisions):
        fleet.passed(4.0, 4.0)
        for engine in fleet.engines:
            engine.running += more_running
        answers.append(fleet.decided(replace(fleet.facts(), routers=())))
    return answers


def test_a_kv_cache_usage_above_100_percent_is_reported_as_questionable() -> None:
    fleet = Fluid().grown(1, at_once=True)
    facts = fleet.facts()
    pods = tuple(replace(pod, figures=replace(pod.figures, kv_usage=1.5)) for pod in facts.pods if pod.figures)
    assert "more than 100% of its KV cache" in fleet.decided(replace(facts, pods=pods)).questions[0].what

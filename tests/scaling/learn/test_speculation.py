"""Speculative decoding: its gain by load, and when it is switched off and on again."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest

from fairlead.fleet import draft_cost
from fairlead.fleet.policies import ScalingPolicy
from fairlead.scaling.decide.answer_history import SpeculationState
from fairlead.scaling.decide.signal_summary import FleetLoad
from fairlead.scaling.facts import EngineFigures, EnginePod, EnginePodPhase, ReplicaSpeed, SampleProblem, ScalingFacts
from fairlead.scaling.learn import speculation
from tests.scaling.limits import COLD, FACTS, START, SUMMARY

L4 = ReplicaSpeed(step_seconds=0.05, seconds_per_sequence=0.0002, seconds_per_prompt_token=0.0004)
LETS = ScalingPolicy(switches_speculation=True)
SPECULATING = replace(FACTS, speculates=True, assumed=L4, policy=LETS)


@dataclass
class Guesser:
    """Two engines that draft three tokens in each of ten steps a second, and the batches they serve."""

    facts: ScalingFacts = SPECULATING
    batch: float = 64.0
    accepted: float = 0.6
    """Of three."""
    now: float = START
    drafts: float = 0.0
    kept: float = 0.0
    state: SpeculationState = field(default_factory=SpeculationState)
    advice: str = ""
    problem: SampleProblem | None = None

    def passes(self, cold_starts: float) -> bool:
        """Whether it is off after this many cold starts."""
        for _ in range(round(cold_starts * COLD / 10)):
            self.now += 10
            self.drafts += 0 if self.state.off else 100
            self.kept += 0 if self.state.off else 100 * self.accepted
            summary = replace(SUMMARY, ready=2, running=2 * self.batch)
            facts = replace(self.facts, pods=tuple(self._pods()))
            self.state, advice = speculation.updated(summary, facts, self.state, self.now)
            self.advice = " ".join(one.because for one in advice)
        return self.state.off

    def _pods(self) -> Iterator[EnginePod]:
        figures = EngineFigures(
            at=self.now, drafts=self.drafts, draft_tokens=3 * self.drafts, accepted_tokens=self.kept
        )
        for name in ("a", "b"):
            yield EnginePod(
                name=name,
                revision="new",
                phase=EnginePodPhase.READY,
                since=START,
                figures=figures,
                problem=self.problem,
            )
        yield EnginePod(name="old", revision="old", phase=EnginePodPhase.READY, since=START, figures=figures)
        yield EnginePod(name="mute", revision="new", phase=EnginePodPhase.READY, since=START)
        yield EnginePod(
            name="plain", revision="new", phase=EnginePodPhase.READY, since=START, figures=EngineFigures(at=self.now)
        )


def test_guessing_gives_most_while_few_run_and_costs_in_full_batches() -> None:
    accepting = SpeculationState(drafted=3, accepted=2)
    gains = [speculation.gain(L4, batch, accepting, SPECULATING) for batch in (0, 1, 16, 64, 256)]
    assert gains == sorted(gains, reverse=True)
    assert gains[0] == pytest.approx(3 / 1.15)
    assert gains[-1] < 1


def test_a_lookup_costs_the_same_on_a_fast_card_where_a_step_is_short() -> None:
    accepting = SpeculationState(drafted=3, accepted=0.3)
    fast = ReplicaSpeed(step_seconds=0.0064, seconds_per_sequence=0.00002, seconds_per_prompt_token=0.000026)
    looking_up = replace(SPECULATING, draft_lookup=draft_cost.BY_HOST)
    slow, short = (speculation.gain(one, 2, accepting, looking_up) for one in (L4, fast))
    assert short < 1 < slow, "2.5 ms beside 50 ms, and beside 6.4 ms"
    assert short == pytest.approx(1.3 * 6.44 / (6.44 + 3 * 2 * 0.026 + 2.46))


def test_a_lookup_that_does_not_pay_on_a_fast_card_is_switched_off() -> None:
    fast = ReplicaSpeed(step_seconds=0.0064, seconds_per_sequence=0.00002, seconds_per_prompt_token=0.000026)
    looking_up = replace(SPECULATING, assumed=fast, draft_lookup=draft_cost.BY_HOST)
    seldom = Guesser(facts=looking_up, batch=2.0, accepted=0.3)
    assert seldom.passes(4) is True
    by_gpu = replace(looking_up, draft_lookup=draft_cost.BY_GPU)
    assert Guesser(facts=by_gpu, batch=2.0, accepted=0.3).passes(4) is False
    assert Guesser(facts=replace(SPECULATING, assumed=fast), batch=2.0, accepted=0.3).passes(4) is False


def test_a_draft_model_that_is_launched_layer_by_layer_cannot_pay_on_a_fast_card() -> None:
    fast = ReplicaSpeed(step_seconds=0.0064, seconds_per_sequence=0.00002, seconds_per_prompt_token=0.000026)
    launched = replace(SPECULATING, draft_pass_seconds=16 * draft_cost.LAYER_LAUNCH_S)
    accepting = SpeculationState(drafted=3, accepted=2.8)
    assert speculation.gain(fast, 1, accepting, SPECULATING) > 3
    assert speculation.gain(fast, 1, accepting, launched) < 1


def test_a_draft_that_costs_more_than_it_gives_is_switched_off_after_a_while() -> None:
    guesser = Guesser()
    assert guesser.passes(3) is False
    assert "it is switched off if that lasts" in guesser.advice
    assert guesser.passes(1) is True
    assert "of 3.0 tokens drafted a step 0.6 are accepted" in guesser.advice
    assert "switched off until that is above 1.1" in guesser.advice


def test_speculation_returns_when_the_load_has_fallen_but_never_twice_within_ten_cold_starts() -> None:
    guesser = Guesser()
    guesser.passes(4)
    guesser.batch = 2
    assert guesser.passes(9) is True
    assert guesser.passes(3) is False
    guesser.batch = 64
    assert guesser.passes(5) is False
    assert guesser.passes(6) is True


def test_speculation_that_a_restart_found_switched_off_is_measured_again_after_a_while() -> None:
    """Nothing that was measured is known, and while it is off nothing can be."""
    guesser = Guesser(state=SpeculationState(off=True, switched_at=START))
    assert guesser.passes(9) is True
    assert guesser.passes(2) is False
    assert guesser.passes(7) is False
    assert guesser.passes(4) is True


def test_what_was_measured_outlives_a_restart_and_the_span_being_measured_does_not() -> None:
    guesser = Guesser()
    guesser.passes(4)
    kept = guesser.state.lasting
    assert kept == SpeculationState(
        off=True, switched_at=guesser.state.switched_at, drafted=3.0, accepted=guesser.state.accepted
    )
    assert kept.accepted == pytest.approx(0.6)


def test_a_short_burst_switches_nothing() -> None:
    guesser = Guesser(batch=2)
    for _ in range(5):
        guesser.batch = 64
        guesser.passes(2)
        guesser.batch = 2
        assert guesser.passes(2) is False
    assert guesser.advice == ""


@pytest.mark.parametrize("policy", [ScalingPolicy(), replace(LETS, active=False)])
def test_without_permission_to_switch_off_speculation_it_is_only_advised(policy: ScalingPolicy) -> None:
    guesser = Guesser(facts=replace(SPECULATING, policy=policy))
    assert guesser.passes(20) is False
    assert "set spec.speculation.switchOff to WhenItCosts" in guesser.advice


def test_leave_that_is_taken_back_switches_it_on() -> None:
    guesser = Guesser()
    guesser.passes(4)
    guesser.facts = replace(guesser.facts, policy=ScalingPolicy())
    assert guesser.passes(1) is False


def test_a_gain_of_speculation_that_was_not_measured_is_not_judged() -> None:
    assert Guesser(facts=replace(SPECULATING, assumed=None)).passes(20) is False
    assert Guesser(problem=SampleProblem.STALE).passes(20) is False
    no_replica = speculation.updated(replace(SUMMARY, ready=0), SPECULATING, SpeculationState(drafted=3.0), START)
    assert no_replica[0].gain is None


def test_a_learned_speed_is_used_where_there_is_no_data_sheet() -> None:
    load = FleetLoad(prompt_tokens=1, output_tokens=1, tokens_per_sequence=1, speed=L4)
    summary = replace(SUMMARY, ready=1, running=64.0, load=load)
    facts = replace(SPECULATING, assumed=None)
    assert speculation.updated(summary, facts, SpeculationState(drafted=3.0, accepted=0.6), START)[0].gain is not None


def test_a_deployment_without_speculative_decoding_is_never_switched() -> None:
    assert speculation.updated(SUMMARY, replace(SPECULATING, speculates=False), SpeculationState(off=True), START) == (
        SpeculationState(),
        (),
    )


def test_an_engine_that_began_anew_is_measured_from_there() -> None:
    guesser = Guesser()
    guesser.passes(2)
    guesser.drafts, guesser.kept = 0.0, 0.0
    assert guesser.passes(2) is True

"""Another accelerator for the same demand: recommended where it is cheaper by more than the arithmetic's error."""

from dataclasses import replace

import pytest

from fairlead.fleet.policies import Objectives, ScalingPolicy, SignalTargets
from fairlead.scaling.decide import accelerator_advice
from fairlead.scaling.decide.signal_summary import FleetLoad, SignalSummary
from fairlead.scaling.facts import AcceleratorOption, ReplicaSpeed, ScalingFacts
from tests.scaling.limits import FACTS, SUMMARY

L4 = ReplicaSpeed(
    step_seconds=0.05,
    seconds_per_sequence=0.001,
    seconds_per_prompt_token=0.0002,
    kv_tokens=40_000,
    max_sequences=256,
)
H100 = ReplicaSpeed(step_seconds=0.008, seconds_per_sequence=0.0001, seconds_per_prompt_token=0.00002)
LOAD = FleetLoad(prompt_tokens=10_000, output_tokens=1_000, tokens_per_sequence=1_000, speed=L4)
LOADED = replace(SUMMARY, load=LOAD)
ON_L4 = replace(
    FACTS, price_per_hour=0.8, options=(AcceleratorOption(product="H100", count=1, speed=H100, price_per_hour=2.0),)
)


def test_a_cheaper_accelerator_is_recommended_with_both_costs() -> None:
    """L4: batches of 40, so 10,000 x 0.0002 + 1,000 x (0.05 / 40 + 0.001) = 4.25 busy, over 0.85 five replicas."""
    one = accelerator_advice.accelerator_advice(LOADED, ON_L4)[0]
    assert one.subject == "accelerator"
    assert one.because == ("on 1 x H100 the same demand needs 1 replica at 2.00 an hour instead of 5 at 4.00")


@pytest.mark.parametrize(
    ("summary", "facts"),
    [
        (SUMMARY, ON_L4),
        (LOADED, replace(ON_L4, price_per_hour=None)),
        (LOADED, replace(ON_L4, options=())),
        (LOADED, replace(ON_L4, options=(replace(ON_L4.options[0], price_per_hour=3.7),))),
        (LOADED, replace(ON_L4, policy=ScalingPolicy(signals=SignalTargets(token_headroom=1.0)))),
        (LOADED, replace(ON_L4, policy=ScalingPolicy(objectives=Objectives(tpot_p95_seconds=0.001)))),
    ],
)
def test_no_accelerator_is_recommended_on_missing_figures_or_where_it_is_not_worth_a_rollout(
    summary: SignalSummary, facts: ScalingFacts
) -> None:
    assert accelerator_advice.accelerator_advice(summary, facts) == ()


def test_the_objective_for_a_token_bounds_the_batch() -> None:
    """Batches of (0.06 - 0.05) / 0.001 = 10: 2 + 1,000 x (0.005 + 0.001) = 8 busy, over 0.85 ten replicas."""
    facts = replace(ON_L4, policy=ScalingPolicy(objectives=Objectives(tpot_p95_seconds=0.06)))
    assert "instead of 10 at 8.00" in accelerator_advice.accelerator_advice(LOADED, facts)[0].because


def test_a_sequence_that_takes_no_time_only_needs_a_step_that_is_short_enough() -> None:
    free = replace(L4, seconds_per_sequence=0.0)
    facts = replace(ON_L4, policy=ScalingPolicy(objectives=Objectives(tpot_p95_seconds=0.06)))
    summary = replace(SUMMARY, load=replace(LOAD, speed=free, tokens_per_sequence=0.0))
    assert "instead of 3 at 2.40" in accelerator_advice.accelerator_advice(summary, facts)[0].because
    slow = replace(facts, policy=ScalingPolicy(objectives=Objectives(tpot_p95_seconds=0.01)))
    assert accelerator_advice.accelerator_advice(summary, slow) == ()

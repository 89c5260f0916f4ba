"""What a plan proposes can be applied: read back, it requests the same thing."""

from dataclasses import replace

import pytest

from fairlead.api import kinds, object_reader
from fairlead.fleet.capacity_plan import FleetProposal, ReplicaSupply, ServingConfiguration, SupplyBound
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.objects import plan_manifests

PLAIN = FleetProposal(
    configuration=ServingConfiguration(
        product="NVIDIA-L4",
        weights=WeightFormat.NONE,
        kv=KvFormat.AUTO,
        parallelism=Parallelism(),
        context=8192,
    ),
    supply=ReplicaSupply(concurrent=64, requests_per_second=2.0, tpot_s=0.05, ttft_p95_s=0.4, bound=SupplyBound.CACHE),
    replicas=3,
    cost_per_hour=2.4,
    cost_per_thousand_tokens=0.001,
    arithmetic=(),
)


def chosen(**changes: object) -> FleetProposal:
    return replace(PLAIN, configuration=replace(PLAIN.configuration, **changes))  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    "proposal",
    [
        PLAIN,
        chosen(weights=WeightFormat.FP8_PER_TENSOR, kv=KvFormat.FP8, parallelism=Parallelism(tensor=4)),
        chosen(weights=WeightFormat.AWQ),
    ],
)
def test_a_proposal_can_be_applied_as_it_is(proposal: FleetProposal) -> None:
    read = object_reader.read_strict(plan_manifests.deployment("chat", "hf://org/model", proposal), kinds.DEPLOYMENT)
    assert read.problems == ()
    assert read.value is not None
    assert read.value.spec.replicas == 3
    assert read.value.spec.engine.context.max_tokens == 8192
    assert read.value.spec.parallelism.tensor == proposal.configuration.parallelism.tensor


def test_only_what_differs_from_the_defaults_is_written() -> None:
    spec = plan_manifests.deployment("chat", "hf://org/model", PLAIN)["spec"]
    assert "quantization" not in spec["engine"]
    assert "parallelism" not in spec


def test_eight_bit_quantization_is_requested_and_the_checkpoints_own_is_not() -> None:
    eight = chosen(weights=WeightFormat.FP8_PER_TENSOR, kv=KvFormat.FP8)
    quantization = plan_manifests.deployment("chat", "hf://org/model", eight)["spec"]["engine"]["quantization"]
    assert quantization == {"weights": "fp8PerTensor", "kvCache": "fp8"}
    stored = plan_manifests.deployment("chat", "hf://org/model", chosen(weights=WeightFormat.AWQ))
    assert "quantization" not in stored["spec"]["engine"]

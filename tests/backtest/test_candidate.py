"""Which deployments can be simulated: sized by their own command; those that cannot are named with the reason."""

from typing import Any

import pytest

from fairlead.api import deployment_conversion, kinds, object_reader
from fairlead.backtest.candidate import ADAPTERS, Candidate, Unplayable, UnplayableReason, candidate
from fairlead.cli import offline_data
from fairlead.emulator import packaged_data
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.review import admission

CONTEXT = offline_data.offline_knowledge()
PACKAGED = packaged_data.load()
MODEL = "hf://meta-llama/Llama-3.1-8B-Instruct"
SHAPE = {
    "layers": 2,
    "hiddenSize": 64,
    "attentionHeads": 4,
    "kvHeads": 2,
    "headSize": 16,
    "intermediateSize": 128,
    "vocabularySize": 512,
    "maxPosition": 2048,
}


def played(*, policy: ScalingPolicy | None = None, **spec: Any) -> Candidate | Unplayable:  # noqa: ANN401  # fields of a spec
    usual = {
        "model": {"source": MODEL},
        "engine": {"context": {"maxTokens": 16_384}},
        "accelerator": {"product": "NVIDIA-L40S"},
    }
    document = {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": {"name": "chat", "namespace": "default"},
        "spec": usual | spec,
    }
    review = admission.review(document, CONTEXT)
    read = object_reader.read_strict(document, kinds.DEPLOYMENT).value
    assert read is not None
    return candidate(review, deployment_conversion.deployment(read, CONTEXT.releases), policy, PACKAGED)


def test_a_deployment_is_played_as_its_own_command_says() -> None:
    candidate = played(replicas=3, router={"replicas": 4}, parallelism={"tensor": 2})

    assert isinstance(candidate, Candidate)
    assert (candidate.name, candidate.replicas, candidate.gpus, candidate.ranks, candidate.routers) == (
        "chat",
        3,
        2,
        1,
        4,
    )
    assert candidate.settings.context_tokens == 16_384
    assert candidate.settings.block_tokens == 16
    assert candidate.price_an_hour is not None
    assert candidate.notes[0].startswith("step times: ")


def test_requests_go_where_the_deployments_own_balancing_sends_them() -> None:
    candidate, usual = played(router={"balancing": {"prefix": False, "loadBound": "1.5"}}), played()

    assert isinstance(candidate, Candidate)
    assert isinstance(usual, Candidate)
    assert (candidate.balancing.prefix, candidate.balancing.load_bound) == (False, 1.5)
    assert (usual.balancing.prefix, usual.balancing.load_bound) == (True, 1.25)


def test_adapters_take_memory_and_are_not_played_which_a_note_states() -> None:
    plain = played()
    tuned = played(
        engine={"context": {"maxTokens": 16_384}, "adapters": [{"name": "law", "source": "hf://acme/law", "rank": 16}]}
    )

    assert isinstance(plain, Candidate)
    assert isinstance(tuned, Candidate)
    assert tuned.notes == (ADAPTERS, *plain.notes)
    assert tuned.settings.blocks < plain.settings.blocks


def test_an_assumed_draft_acceptance_rate_is_noted_where_none_was_measured() -> None:
    plain, drafting = (
        played(engine={"context": {"maxTokens": 16_384}} | more) for more in ({}, {"speculation": {"method": "ngram"}})
    )

    assert isinstance(plain, Candidate)
    assert isinstance(drafting, Candidate)
    (assumed, *rest) = drafting.notes
    assert assumed == (
        "70% of drafted tokens are accepted, which is assumed; give --what-if acceptance=, as you measured it"
    )
    assert tuple(rest) == plain.notes


def test_the_emulator_is_simulated_as_the_engine_it_emulates() -> None:
    real, emulated = played(), played(engine={"kind": "Simulated", "context": {"maxTokens": 16_384}})

    assert isinstance(real, Candidate)
    assert isinstance(emulated, Candidate)
    assert emulated.settings == real.settings


def test_a_model_of_ones_own_is_sized_by_the_shape_that_the_spec_states() -> None:
    own = {"source": "pvc://models/own", "servedName": "own", "shape": SHAPE}
    candidate = played(model=own, engine={"context": {"maxTokens": 2048}})

    assert isinstance(candidate, Candidate)
    assert not any("taken for" in note for note in candidate.notes)


def test_a_fleet_that_follows_its_load_brings_its_policy() -> None:
    policy = ScalingPolicy(zero_after_seconds=300.0)
    candidate = played(policy=policy, scaling={"minReplicas": 0, "maxReplicas": 5, "policy": {"name": "chat"}})

    assert isinstance(candidate, Candidate)
    assert candidate.replicas == ReplicaBounds(least=0, most=5, policy="chat")
    assert candidate.policy is policy


@pytest.mark.parametrize(
    ("spec", "reason", "because"),
    [
        (
            {"accelerator": {"product": "NVIDIA-L4"}, "model": {"source": "hf://meta-llama/Llama-3.1-70B-Instruct"}},
            UnplayableReason.REFUSED,
            "spec.accelerator.product",
        ),
        (
            {"accelerator": {"product": "CPU", "cores": 8, "memory": "64Gi"}},
            UnplayableReason.NO_ENGINE_MODEL,
            "only vLLM and Simulated on GPUs",
        ),
        (
            {"model": {"source": "pvc://models/own", "servedName": "own"}},
            UnplayableReason.SHAPE_UNKNOWN,
            "the shape of models/own is not known",
        ),
        (
            {"accelerator": {"product": "NVIDIA-Nobodys"}},
            UnplayableReason.PRODUCT_UNKNOWN,
            "NVIDIA-Nobodys is not in the catalogue",
        ),
        (
            {"engine": {"context": {"maxTokens": 16_384}, "extraArgs": ["--kv-cache-memory-bytes", "1"]}},
            UnplayableReason.REFUSED,
            "the KV cache, 0.0 GiB by extraArgs, holds at most 0.00 requests of 16384 tokens",
        ),
        (
            {"engine": {"kind": "Simulated", "extraArgs": ["--reasoning-parser", "none"]}},
            UnplayableReason.CANNOT_START,
            "invalid reasoning parser: none",
        ),
        (
            {"scaling": {"minReplicas": 1, "maxReplicas": 5, "policy": {"name": "lost"}}},
            UnplayableReason.POLICY_MISSING,
            "its policy lost is in none of the files",
        ),
    ],
)
def test_what_cannot_be_played_is_named_with_its_reason(
    spec: dict[str, Any], reason: UnplayableReason, because: str
) -> None:
    candidate = played(**spec)

    assert isinstance(candidate, Unplayable)
    assert (candidate.name, candidate.reason) == ("chat", reason)
    assert because in candidate.because

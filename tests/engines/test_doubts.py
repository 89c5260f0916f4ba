"""What is allowed and yet deserves a warning: each comes when it should, and a plain setup gets none."""

from dataclasses import replace
from typing import Final

import pytest

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import Adapter, EngineKind, Parallelism, SpeculationMethod
from fairlead.fleet.quantization import KvFormat, WeightFormat
from tests.engines.setups import (
    A100,
    B200,
    DRAFT,
    ENGINE,
    HUB,
    L4,
    LATENT,
    LLAMA,
    MIXTURE,
    NGRAM,
    OF_IMAGES,
    SLOTS,
    VOLUME,
    WITH_DRAFT,
    setup_of,
    stored,
    with_token,
)

WEIGHTS: Final = "spec.engine.quantization.weights"

LIMIT_MEDIA: Final = (
    "add --allowed-media-domains with the hosts of images, or --language-model-only, or restrict the pods' egress"
)
WORTH_A_WORD: Final = {
    "another release than the tables are of": (
        setup_of(replace(ENGINE, version="0.33.1")),
        ("spec.engine.version", Why.VERSION_NOT_KNOWN, "use an image of 0.32, or watch the first start"),
    ),
    "a release whose number only begins alike": (
        setup_of(replace(ENGINE, version="0.320")),
        ("spec.engine.version", Why.VERSION_NOT_KNOWN, "use an image of 0.32, or watch the first start"),
    ),
    "a draft model is launched kernel by kernel": (
        setup_of(replace(ENGINE, speculation=WITH_DRAFT)),
        (
            "spec.engine.speculation.method",
            Why.SLOWER,
            "write eagle3 or mtp where the model has one, or ngram; or try it first with `fairlead simulate`",
        ),
    ),
    "more draft tokens than are ever accepted": (
        setup_of(replace(ENGINE, speculation=replace(NGRAM, tokens=11))),
        (
            "spec.engine.speculation.tokens",
            Why.SLOWER,
            "write 3 to 5, and raise it only if the measured acceptance says so",
        ),
    ),
    "guesses along a pipeline": (
        setup_of(replace(ENGINE, speculation=NGRAM), parallelism=Parallelism(pipeline=2)),
        (
            "spec.engine.speculation.method",
            Why.RISKY,
            "use spec.parallelism.tensor instead, or try it before traffic comes",
        ),
    ),
    "a switch no batch reaches": (
        setup_of(replace(ENGINE, max_sequences=32, speculation=replace(NGRAM, max_concurrency=32))),
        ("spec.engine.speculation.maxConcurrency", Why.SLOWER, "write less than 32, or remove it"),
    ),
    "FP8 on a GPU that computes in 16 bits": (
        setup_of(replace(ENGINE, weights=WeightFormat.FP8_PER_TENSOR), on=A100),
        (WEIGHTS, Why.SLOWER, "expect faster generation, not faster prompts"),
    ),
    "four-bit floats on a GPU without them": (
        setup_of(shape=stored(LLAMA, WeightFormat.NVFP4)),
        (WEIGHTS, Why.SLOWER, "expect faster generation, not faster prompts"),
    ),
    "fp8 by its old name": (
        setup_of(replace(ENGINE, weights=WeightFormat.FP8)),
        (WEIGHTS, Why.RISKY, "write fp8PerTensor"),
    ),
    "a coarse cache where a finer one works": (
        setup_of(replace(ENGINE, kv=KvFormat.FP8_E5M2)),
        ("spec.engine.quantization.kvCache", Why.RISKY, "write fp8E4M3, which this GPU supports"),
    ),
    "a coarse cache where none other works": (
        setup_of(replace(ENGINE, kv=KvFormat.FP8_E5M2), on=A100),
        ("spec.engine.quantization.kvCache", Why.RISKY, "check answers on your own prompts"),
    ),
    "no graphs": (
        setup_of(replace(ENGINE, eager=True)),
        (
            "spec.engine.eager",
            Why.SLOWER,
            "remove it; compiled graphs are kept in spec.storage.cache between starts",
        ),
    ),
    "next to no memory for what nobody plans": (
        setup_of(replace(ENGINE, memory_utilization=0.98)),
        ("spec.engine.memoryUtilization", Why.RISKY, "write 0.95 or less"),
    ),
    "GPUs held and not used": (
        setup_of(gpus=2),
        ("spec.accelerator.count", Why.SLOWER, "write 1, or more parallelism"),
    ),
    "engines behind one address": (
        setup_of(parallelism=Parallelism(data=4)),
        ("spec.parallelism.data", Why.SLOWER, "write 1, and 4 times the replicas"),
    ),
    "a context the model was not made for": (
        setup_of(replace(ENGINE, max_context_tokens=200_000, extra_env=(("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "1"),))),
        ("spec.engine.context.maxTokens", Why.RISKY, "write 131072 or less"),
    ),
    "the same, allowed in a word": (
        setup_of(replace(ENGINE, max_context_tokens=200_000, extra_env=(("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "true"),))),
        ("spec.engine.context.maxTokens", Why.RISKY, "write 131072 or less"),
    ),
    "a share beside a cache of a stated size": (
        setup_of(replace(ENGINE, memory_utilization=0.9, extra_args=("--kv-cache-memory=4G",))),
        ("spec.engine.memoryUtilization", Why.ARGUMENT_CONFLICTS, "remove it, or the argument"),
    ),
    "code that anybody may change": (
        setup_of(replace(ENGINE, trust_remote_code=True), source=replace(HUB, revision=None)),
        (
            "spec.engine.trustRemoteCode",
            Why.RISKY,
            "read that code and set spec.model.revision to the commit you read",
        ),
    ),
    "code of a known commit": (
        setup_of(replace(ENGINE, trust_remote_code=True)),
        ("spec.engine.trustRemoteCode", Why.RISKY, "read that code"),
    ),
    "images from any address": (
        setup_of(shape=OF_IMAGES),
        (
            "spec.engine.extraArgs",
            Why.RISKY,
            LIMIT_MEDIA,
        ),
    ),
    "a token without a source that takes it": (
        with_token(setup_of(source=VOLUME)),
        (
            "spec.model.tokenSecret",
            Why.RISKY,
            (
                "remove it; for s3:// set engine.env or placement.serviceAccountName, for oci:// "
                "placement.imagePullSecrets"
            ),
        ),
    ),
    "events of a cache that is off": (
        setup_of(replace(ENGINE, prefix_caching=False, extra_args=("--kv-events-config", "{}"))),
        ("spec.engine.prefixCaching.enabled", Why.RISKY, "write true, or remove the argument"),
    ),
    "a switch that ranks ignore": (
        setup_of(
            replace(ENGINE, speculation=replace(NGRAM, max_concurrency=16)),
            shape=MIXTURE,
            parallelism=Parallelism(data=2),
        ),
        (
            "spec.engine.speculation.maxConcurrency",
            Why.SLOWER,
            "remove it, or write 1 as spec.parallelism.data and more replicas",
        ),
    ),
    "an engine that reads no text": (
        setup_of(replace(ENGINE, extra_args=("--skip-tokenizer-init",))),
        ("spec.engine.extraArgs", Why.RISKY, "remove it"),
    ),
    "a token that everyone may read": (
        setup_of(replace(ENGINE, extra_args=("--hf-token=hf_secret",))),
        (
            "spec.engine.extraArgs",
            Why.RISKY,
            "remove it and set spec.model.tokenSecret, which keeps the token out of the pod's text",
        ),
    ),
    "an adapter whose revision nobody looks at": (
        setup_of(
            replace(
                ENGINE,
                adapters=(Adapter(name="a", source=VOLUME, rank=8), Adapter(name="b", source=DRAFT, rank=8)),
            )
        ),
        (
            "spec.engine.adapters[1].revision",
            Why.RISKY,
            "put that revision on a volume or in an image and name it by pvc:// or oci://",
        ),
    ),
}

NOT_WORTH_A_WORD: Final = {
    "events of a cache": setup_of(replace(ENGINE, extra_args=("--kv-events-config.enable_kv_cache_events=true",))),
    "sleep beside expandable segments, which it switches off for its own pool": setup_of(
        replace(ENGINE, sleeps=True, extra_env=(("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True"),))
    ),
    "a switch with ranks whose speculation is off": setup_of(
        replace(ENGINE, speculation=replace(NGRAM, method=SpeculationMethod.OFF, max_concurrency=16)),
        shape=MIXTURE,
        parallelism=Parallelism(data=2),
    ),
    "no cache and no events": setup_of(replace(ENGINE, prefix_caching=False)),
    "a plain wish": setup_of(),
    "an engine that may sleep": setup_of(replace(ENGINE, sleeps=True)),
    "the release itself": setup_of(replace(ENGINE, version="0.32")),
    "FP8 where it is native": setup_of(replace(ENGINE, weights=WeightFormat.FP8_PER_TENSOR), on=L4),
    "FP8 by its own name from a checkpoint of it": setup_of(
        replace(ENGINE, weights=WeightFormat.FP8), shape=stored(LLAMA, WeightFormat.FP8)
    ),
    "four-bit floats on a B200": setup_of(shape=stored(LLAMA, WeightFormat.NVFP4), on=B200),
    "experts spread over engines": setup_of(shape=MIXTURE, parallelism=Parallelism(data=4)),
    "a switch below the batch": setup_of(
        replace(ENGINE, max_sequences=64, speculation=replace(NGRAM, max_concurrency=32))
    ),
    "the model's own guesses": setup_of(
        replace(ENGINE, speculation=replace(WITH_DRAFT, method=SpeculationMethod.MTP)), shape=LATENT
    ),
    "an adapter on a volume": setup_of(replace(ENGINE, adapters=(Adapter(name="a", source=VOLUME, rank=8),))),
    "images from hosts that are named": setup_of(
        replace(ENGINE, extra_args=("--allowed-media-domains", "images.example.com")), shape=OF_IMAGES
    ),
    "no images": setup_of(replace(ENGINE, extra_args=("--language-model-only",)), shape=OF_IMAGES),
    "a token for the hub": with_token(setup_of()),
    "a token for adapters that come later": with_token(setup_of(replace(ENGINE, lora=SLOTS), source=VOLUME)),
    "code from a volume": setup_of(replace(ENGINE, trust_remote_code=True), source=VOLUME),
    "most of the memory": setup_of(replace(ENGINE, memory_utilization=0.95)),
    "a long context that is the model's": setup_of(
        replace(ENGINE, max_context_tokens=131072, extra_env=(("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "1"),))
    ),
}


@pytest.mark.parametrize("what", WORTH_A_WORD)
def test_a_costly_setting_is_allowed_with_a_warning(what: str) -> None:
    setup, (field, reason, remedy) = WORTH_A_WORD[what]

    (warning,) = VllmEngine().warnings(setup)
    assert (warning.field, warning.reason, warning.remedy) == (field, reason, remedy)
    assert VllmEngine().refusals(setup) == ()


@pytest.mark.parametrize("what", NOT_WORTH_A_WORD)
def test_what_costs_nothing_is_not_talked_about(what: str) -> None:
    assert VllmEngine().warnings(NOT_WORTH_A_WORD[what]) == ()


def test_a_token_among_the_arguments_is_not_repeated() -> None:
    setup, _ = WORTH_A_WORD["a token that everyone may read"]
    assert "secret" not in repr(VllmEngine().warnings(setup))


def test_releases_before_the_tables_are_warned_of_sleep_beside_expandable_segments() -> None:
    allocator = (("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True"),)
    setup = setup_of(replace(ENGINE, version="0.25.1", sleeps=True, extra_env=allocator))

    warnings = {one.field: (one.reason, one.remedy) for one in VllmEngine().warnings(setup)}
    assert warnings["spec.engine.env"] == (Why.RISKY, "remove expandable_segments:True, or spec.engine.sleep")


def test_a_setup_of_the_simulated_engine_is_held_to_the_same_rules() -> None:
    simulated = ENGINES[EngineKind.SIMULATED]
    setups: list[EngineSetup] = [setup for setup, _ in WORTH_A_WORD.values()]
    setups.append(setup_of(parallelism=Parallelism(tensor=3)))

    for setup in setups:
        assert simulated.warnings(setup) == VllmEngine().warnings(setup)
        assert simulated.refusals(setup) == VllmEngine().refusals(setup)

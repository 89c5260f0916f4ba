"""What would end the engine's start is refused before, in one sentence, with what to write instead."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import (
    Adapter,
    DesiredEngine,
    DesiredSpeculation,
    EngineKind,
    Parallelism,
    SpeculationMethod,
)
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines import (
    refused,
    refused_by_release,
    refused_extras,
    refused_host_memory,
    refused_scales,
    refused_spread,
    refused_together,
    refused_values,
)
from tests.engines.setups import (
    A100,
    B200,
    DRAFT,
    ENGINE,
    H100,
    L4,
    LATENT,
    LLAMA,
    LLAMA_SMALL,
    MIXTURE,
    MTP,
    NGRAM,
    RELEASED,
    RTX5090,
    T4,
    V100,
    VOLUME,
    WITH_DRAFT,
    setup_of,
    stored,
)

REFUSED: Final[dict[str, tuple[EngineSetup, tuple[SpecRefusal, ...]]]] = {
    **refused.FORMATS,
    **refused_scales.SCALES,
    **refused.CACHES,
    **refused_spread.SPREAD,
    **refused_together.GUESSES,
    **refused_together.LIMITS,
    **refused_extras.EXTRAS,
    **refused_extras.CONVERSATIONS,
    **refused_values.VALUES,
    **refused_by_release.TOGETHER,
    **refused_host_memory.HOST_MEMORY,
}

ADAPTER: Final = Adapter(name="de", source=VOLUME, rank=12)

ALLOWED: Final = {
    "a plain wish": setup_of(),
    "nothing known of model and GPU": setup_of(shape=None, on=None),
    "FP8 made while loading on a T4, weight-only": setup_of(
        replace(ENGINE, weights=WeightFormat.FP8_PER_TENSOR), on=T4
    ),
    "a GPTQ checkpoint on a V100": setup_of(shape=stored(LLAMA, WeightFormat.GPTQ), on=V100),
    "a format the checkpoint has, said again": setup_of(
        replace(ENGINE, weights=WeightFormat.AWQ), shape=stored(LLAMA, WeightFormat.AWQ)
    ),
    "compressed tensors are one method to vLLM": setup_of(
        replace(ENGINE, weights=WeightFormat.COMPRESSED_TENSORS_INT4, dtype=Dtype.FLOAT32),
        shape=stored(LLAMA, WeightFormat.COMPRESSED_TENSORS_INT8),
    ),
    "int8 experts of a mixture": setup_of(replace(ENGINE, weights=WeightFormat.INT8_EXPERTS), shape=MIXTURE),
    "fp8 under its old name": setup_of(replace(ENGINE, weights=WeightFormat.FP8)),
    "an e5m2 cache on an A100": setup_of(replace(ENGINE, kv=KvFormat.FP8_E5M2), on=A100),
    "a four-bit cache on a B200": setup_of(replace(ENGINE, kv=KvFormat.NVFP4), on=B200),
    "an int8 cache anywhere": setup_of(replace(ENGINE, kv=KvFormat.INT8_PER_TOKEN_HEAD), on=T4),
    "a bfloat16 model where it can": setup_of(replace(ENGINE, dtype=Dtype.BFLOAT16, kv=KvFormat.BFLOAT16)),
    "fewer KV heads than GPUs": setup_of(parallelism=Parallelism(tensor=16), on=H100),
    **refused_scales.WHOLE,
    "ngram": setup_of(replace(ENGINE, speculation=replace(NGRAM, lookup_min=2, lookup_max=4))),
    "ngram beside asynchronous scheduling": setup_of(
        replace(ENGINE, speculation=NGRAM, extra_args=("--async-scheduling",))
    ),
    "ngram with one lookup": setup_of(replace(ENGINE, speculation=replace(NGRAM, lookup_min=7))),
    "a draft of the same vocabulary": setup_of(replace(ENGINE, speculation=WITH_DRAFT), draft=LLAMA_SMALL),
    "a draft nobody knows": setup_of(replace(ENGINE, speculation=WITH_DRAFT)),
    "the model's own layers": setup_of(replace(ENGINE, speculation=MTP), shape=LATENT),
    "the model's own layers twice": setup_of(replace(ENGINE, speculation=replace(MTP, tokens=4)), shape=LATENT),
    "layers for guessing from a second model": setup_of(replace(ENGINE, speculation=replace(MTP, draft=DRAFT))),
    "a switch with its number": setup_of(replace(ENGINE, speculation=replace(NGRAM, max_concurrency=32))),
    "guesses and adapters on a GPU nobody knows": setup_of(
        replace(ENGINE, speculation=WITH_DRAFT, adapters=(ADAPTER,)), on=None
    ),
    "guesses with a small batch and adapters": setup_of(
        replace(ENGINE, speculation=WITH_DRAFT, adapters=(ADAPTER,), max_sequences=32)
    ),
    "a context beyond the model, when told to": setup_of(
        replace(ENGINE, max_context_tokens=200_000, extra_env=(("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "1"),))
    ),
    "a context beyond the model, when told so in a word": setup_of(
        replace(ENGINE, max_context_tokens=200_000, extra_env=(("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "True"),))
    ),
    "prompts in one piece that fit": setup_of(
        replace(ENGINE, max_context_tokens=2048, extra_args=("--no-enable-chunked-prefill",))
    ),
    "experts spread and balanced": setup_of(
        replace(ENGINE, extra_args=("--enable-expert-parallel", "--enable-eplb")),
        shape=LATENT,
        parallelism=Parallelism(tensor=2),
    ),
    "a batch as large as a throughput step": setup_of(
        replace(ENGINE, max_sequences=4096, extra_args=("--performance-mode", "throughput"))
    ),
    "a batch as large as a step of a B200": setup_of(replace(ENGINE, max_sequences=16384), on=B200),
    "all of the memory": setup_of(replace(ENGINE, memory_utilization=1.0)),
    "contexts cut as far as KV heads are repeated": setup_of(
        replace(ENGINE, extra_args=("-dcp=2",)), on=H100, parallelism=Parallelism(tensor=16)
    ),
    "contexts of latent attention cut over every GPU": setup_of(
        replace(ENGINE, extra_args=("-dcp", "8")), shape=LATENT, on=H100, parallelism=Parallelism(tensor=8)
    ),
    "a number that only the parser can refuse": setup_of(replace(ENGINE, extra_args=("-dcp", "0"))),
    "values of every type": setup_of(
        replace(
            ENGINE,
            extra_args=(
                *("--seed", "-1", "--max-logprobs=5", "--stream-interval", "None", "--watermark", ".5"),
                *("--scheduling-policy=priority", "--limit-mm-per-prompt", '{"image": 2}'),
                *("--kv_transfer_config", '{"kv_connector": "A1k", "kv_role": "kv_both", "bytes": 80m}'),
                *("--override-generation-config.temperature", "0.2", "--additional-config="),
            ),
        )
    ),
    "as many active as run": setup_of(replace(ENGINE, extra_args=("--max-num-active-seqs=256",))),
    "a connector with its role": setup_of(
        replace(ENGINE, extra_args=("--kv-transfer-config", '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'))
    ),
    "guesses counted": setup_of(
        replace(ENGINE, speculation=NGRAM, extra_args=("--per-request-spec-decode-metrics", "summary"))
    ),
    "tools with a parser": setup_of(
        replace(ENGINE, extra_args=("--enable-auto-tool-choice", "--tool-call-parser=hermes"))
    ),
    **refused_by_release.RUNS,
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_setup_that_cannot_be_met_is_refused(sentence: str) -> None:
    setup, answer = REFUSED[sentence]

    assert VllmEngine().refusals(setup) == answer


@pytest.mark.parametrize("what", ALLOWED)
def test_a_setup_that_can_be_met_is_not_refused(what: str) -> None:
    assert VllmEngine().refusals(ALLOWED[what]) == ()


OF_THE_RELEASE: Final = {**refused_values.VALUES, **refused_by_release.TOGETHER}


@pytest.mark.parametrize("kind", [EngineKind.VLLM, EngineKind.SIMULATED])
@pytest.mark.parametrize("what", OF_THE_RELEASE)
def test_what_only_the_released_image_surely_refuses_is_a_warning_with_another_and_with_the_emulator(
    what: str, kind: EngineKind
) -> None:
    setup, (refusal,) = OF_THE_RELEASE[what]
    engine = replace(setup.engine, kind=kind, image="registry.test/own:1" if kind is EngineKind.VLLM else "")
    elsewhere = replace(setup, revision=replace(setup.revision, engine=engine))

    assert VllmEngine().refusals(elsewhere) == ()
    assert refusal.sentence in [one.sentence for one in VllmEngine().warnings(elsewhere)]
    assert refusal.sentence not in [one.sentence for one in VllmEngine().warnings(setup)]


@pytest.mark.parametrize("flag", ["--kv-transfer-config", "--compilation-config"])
def test_json_that_is_nested_too_deeply_is_refused_and_not_read(flag: str) -> None:
    (refusal,) = VllmEngine().refusals(setup_of(replace(RELEASED, extra_args=(flag, "[" * 100_000))))
    assert (refusal.value, refusal.remedy) == (flag, f'write one, as in {flag}={{"key": "value"}}')


def test_a_refusal_reads_as_one_sentence_with_field_value_rule_and_way_out() -> None:
    _, (refusal,) = REFUSED["heads must be shared out evenly"]

    assert refusal.sentence == (
        "spec.parallelism.tensor: 3: 3 GPUs cannot share the 32 attention heads of Llama-3.1-8B evenly; write 2"
    )


def test_everything_wrong_is_reported_at_once() -> None:
    setup = setup_of(
        replace(
            ENGINE, weights=WeightFormat.BITSANDBYTES, memory_utilization=0.0, extra_args=("--port=1", "--swap-space=4")
        ),
        parallelism=Parallelism(tensor=5),
    )

    assert [refusal.field for refusal in VllmEngine().refusals(setup)] == [
        "spec.engine.memoryUtilization",
        "spec.engine.quantization.weights",
        "spec.parallelism.tensor",
        "spec.engine.extraArgs[0]",
        "spec.engine.extraArgs[1]",
    ]


KEPT: Final = (WeightFormat.NONE, WeightFormat.AWQ, WeightFormat.GPTQ, WeightFormat.MXFP4, WeightFormat.MODELOPT)


def setups_of_formats() -> Iterator[EngineSetup]:
    """Every format with checkpoints and GPUs of each kind."""
    shapes = (LLAMA, MIXTURE, LATENT)
    for format_, kept, shape, on in product(WeightFormat, KEPT, shapes, (None, V100, T4, A100, L4, RTX5090)):
        yield setup_of(replace(ENGINE, weights=format_), shape=stored(shape, kept), on=on)


def test_the_nearest_format_a_refusal_names_always_passes() -> None:
    for setup in setups_of_formats():
        for refusal in VllmEngine().refusals(setup):
            named = refusal.remedy.removeprefix("write ").partition(",")[0]
            if refusal.field == refused.WEIGHTS and named in set(WeightFormat) - {"none"}:
                mended = replace(setup.revision, engine=replace(setup.engine, weights=WeightFormat(named)))
                assert VllmEngine().refusals(replace(setup, revision=mended)) == ()


ENGINES_OF_ANY_NUMBERS: Final = st.builds(
    lambda sequences, batched, tokens, method, rank: replace(
        ENGINE,
        max_sequences=sequences,
        max_batched_tokens=batched,
        weights=WeightFormat.MXFP4,
        speculation=DesiredSpeculation(method=method, tokens=tokens, draft=DRAFT, max_concurrency=tokens),
        adapters=(Adapter(name="de", source=VOLUME, rank=rank),),
    ),
    sequences=st.none() | st.integers(-5, 5000),
    batched=st.none() | st.integers(-5, 70000),
    tokens=st.integers(-3, 12),
    method=st.sampled_from(SpeculationMethod),
    rank=st.integers(-1, 1000),
)


@given(engine=ENGINES_OF_ANY_NUMBERS, tensor=st.integers(-2, 70))
def test_any_numbers_are_always_answered_by_values(engine: DesiredEngine, tensor: int) -> None:
    setup = setup_of(engine, shape=LATENT, parallelism=Parallelism(tensor=tensor), gpus=8)

    for refusal in VllmEngine().refusals(setup):
        assert refusal.because
        assert refusal.remedy
        assert refusal.field.startswith("spec.")

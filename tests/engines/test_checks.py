"""What the engine would end its start with is refused before, in one sentence, with what to write instead."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.desired_state import Adapter, DesiredEngine, DesiredSpeculation, Parallelism, SpeculationMethod
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines import refused, refused_extras, refused_together
from tests.engines.asks import (
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
    RTX5090,
    T4,
    V100,
    VOLUME,
    WITH_DRAFT,
    asks,
    stored,
)

REFUSED: Final[dict[str, tuple[EngineSetup, tuple[SpecRefusal, ...]]]] = {
    **refused.FORMATS,
    **refused.CACHES,
    **refused_together.SPREAD,
    **refused_together.GUESSES,
    **refused_together.LIMITS,
    **refused_extras.EXTRAS,
    **refused_extras.CONVERSATIONS,
}

ADAPTER: Final = Adapter(name="de", source=VOLUME, rank=12)

ALLOWED: Final = {
    "a plain wish": asks(),
    "nothing known of model and GPU": asks(shape=None, on=None),
    "FP8 made while loading on a T4, weight-only": asks(replace(ENGINE, weights=WeightFormat.FP8_PER_TENSOR), on=T4),
    "a GPTQ checkpoint on a V100": asks(shape=stored(LLAMA, WeightFormat.GPTQ), on=V100),
    "a format the checkpoint has, said again": asks(
        replace(ENGINE, weights=WeightFormat.AWQ), shape=stored(LLAMA, WeightFormat.AWQ)
    ),
    "compressed tensors are one method to vLLM": asks(
        replace(ENGINE, weights=WeightFormat.COMPRESSED_TENSORS_INT4, dtype=Dtype.FLOAT32),
        shape=stored(LLAMA, WeightFormat.COMPRESSED_TENSORS_INT8),
    ),
    "int8 experts of a mixture": asks(replace(ENGINE, weights=WeightFormat.INT8_EXPERTS), shape=MIXTURE),
    "fp8 under its old name": asks(replace(ENGINE, weights=WeightFormat.FP8)),
    "an e5m2 cache on an A100": asks(replace(ENGINE, kv=KvFormat.FP8_E5M2), on=A100),
    "a four-bit cache on a B200": asks(replace(ENGINE, kv=KvFormat.NVFP4), on=B200),
    "an int8 cache anywhere": asks(replace(ENGINE, kv=KvFormat.INT8_PER_TOKEN_HEAD), on=T4),
    "a bfloat16 model where it can": asks(replace(ENGINE, dtype=Dtype.BFLOAT16, kv=KvFormat.BFLOAT16)),
    "fewer KV heads than GPUs": asks(spread=Parallelism(tensor=16), on=H100),
    "MXFP4 over as many GPUs as its groups allow": asks(
        replace(ENGINE, weights=WeightFormat.MXFP4), shape=MIXTURE, on=H100, spread=Parallelism(tensor=8)
    ),
    "ngram": asks(replace(ENGINE, speculation=replace(NGRAM, lookup_min=2, lookup_max=4))),
    "ngram with one lookup": asks(replace(ENGINE, speculation=replace(NGRAM, lookup_min=7))),
    "a draft of the same vocabulary": asks(replace(ENGINE, speculation=WITH_DRAFT), draft=LLAMA_SMALL),
    "a draft nobody knows": asks(replace(ENGINE, speculation=WITH_DRAFT)),
    "the model's own layers": asks(replace(ENGINE, speculation=MTP), shape=LATENT),
    "the model's own layers twice": asks(replace(ENGINE, speculation=replace(MTP, tokens=4)), shape=LATENT),
    "layers for guessing from a second model": asks(replace(ENGINE, speculation=replace(MTP, draft=DRAFT))),
    "a switch with its number": asks(replace(ENGINE, speculation=replace(NGRAM, max_concurrency=32))),
    "guesses and adapters on a GPU nobody knows": asks(
        replace(ENGINE, speculation=WITH_DRAFT, adapters=(ADAPTER,)), on=None
    ),
    "guesses with a small batch and adapters": asks(
        replace(ENGINE, speculation=WITH_DRAFT, adapters=(ADAPTER,), max_sequences=32)
    ),
    "a context beyond the model, when told to": asks(
        replace(ENGINE, max_context_tokens=200_000, extra_env=(("VLLM_ALLOW_LONG_MAX_MODEL_LEN", "1"),))
    ),
    "prompts in one piece that fit": asks(
        replace(ENGINE, max_context_tokens=2048, extra_args=("--no-enable-chunked-prefill",))
    ),
    "experts spread and balanced": asks(
        replace(ENGINE, extra_args=("--enable-expert-parallel", "--enable-eplb")),
        shape=LATENT,
        spread=Parallelism(tensor=2),
    ),
    "a batch as large as a throughput step": asks(
        replace(ENGINE, max_sequences=4096, extra_args=("--performance-mode", "throughput"))
    ),
    "a batch as large as a step of a B200": asks(replace(ENGINE, max_sequences=16384), on=B200),
    "all of the memory": asks(replace(ENGINE, memory_utilization=1.0)),
    "contexts cut as far as KV heads are repeated": asks(
        replace(ENGINE, extra_args=("-dcp=2",)), on=H100, spread=Parallelism(tensor=16)
    ),
    "contexts of latent attention cut over every GPU": asks(
        replace(ENGINE, extra_args=("-dcp", "8")), shape=LATENT, on=H100, spread=Parallelism(tensor=8)
    ),
    "a number that only the parser can refuse": asks(replace(ENGINE, extra_args=("-dcp", "0"))),
    "values of every type": asks(
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
    "as many active as run": asks(replace(ENGINE, extra_args=("--max-num-active-seqs=256",))),
    "a connector with its role": asks(
        replace(ENGINE, extra_args=("--kv-transfer-config", '{"kv_connector":"NixlConnector","kv_role":"kv_both"}'))
    ),
    "guesses counted": asks(
        replace(ENGINE, speculation=NGRAM, extra_args=("--per-request-spec-decode-metrics", "summary"))
    ),
    "tools with a parser": asks(replace(ENGINE, extra_args=("--enable-auto-tool-choice", "--tool-call-parser=hermes"))),
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_wish_that_cannot_be_met_is_refused(sentence: str) -> None:
    setup, answer = REFUSED[sentence]

    assert VllmEngine().refusals(setup) == answer


@pytest.mark.parametrize("what", ALLOWED)
def test_a_wish_that_can_be_met_is_not_refused(what: str) -> None:
    assert VllmEngine().refusals(ALLOWED[what]) == ()


def test_a_refusal_reads_as_one_sentence_with_field_value_rule_and_way_out() -> None:
    _, (refusal,) = REFUSED["heads must be shared out evenly"]

    assert refusal.sentence == (
        "spec.parallelism.tensor: 3: 3 GPUs cannot share the 32 attention heads of Llama-3.1-8B evenly; write 2"
    )


def test_everything_wrong_is_said_at_once() -> None:
    setup = asks(
        replace(
            ENGINE, weights=WeightFormat.BITSANDBYTES, memory_utilization=0.0, extra_args=("--port=1", "--swap-space=4")
        ),
        spread=Parallelism(tensor=5),
    )

    assert [refusal.field for refusal in VllmEngine().refusals(setup)] == [
        "spec.engine.memoryUtilization",
        "spec.engine.quantization.weights",
        "spec.parallelism.tensor",
        "spec.engine.extraArgs[0]",
        "spec.engine.extraArgs[1]",
    ]


KEPT: Final = (WeightFormat.NONE, WeightFormat.AWQ, WeightFormat.GPTQ, WeightFormat.MXFP4, WeightFormat.MODELOPT)


def wishes() -> Iterator[EngineSetup]:
    """Every format with checkpoints and GPUs of each kind."""
    shapes = (LLAMA, MIXTURE, LATENT)
    for format_, kept, shape, on in product(WeightFormat, KEPT, shapes, (None, V100, T4, A100, L4, RTX5090)):
        yield asks(replace(ENGINE, weights=format_), shape=stored(shape, kept), on=on)


def test_the_nearest_format_a_refusal_names_always_passes() -> None:
    for setup in wishes():
        for refusal in VllmEngine().refusals(setup):
            named = refusal.remedy.removeprefix("write ").partition(",")[0]
            if refusal.field == refused.WEIGHTS and named in set(WeightFormat) - {"none"}:
                mended = replace(setup.wanted, engine=replace(setup.engine, weights=WeightFormat(named)))
                assert VllmEngine().refusals(replace(setup, wanted=mended)) == ()


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
    setup = asks(engine, shape=LATENT, spread=Parallelism(tensor=tensor), gpus=8)

    for refusal in VllmEngine().refusals(setup):
        assert refusal.because
        assert refusal.remedy
        assert refusal.field.startswith("spec.")

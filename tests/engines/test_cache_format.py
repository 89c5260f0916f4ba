"""Every check looks at the cache's format that the engine takes, and what a refusal says to write is not refused."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines import cache_format
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.sglang.memory import MEMORY as SGLANG
from fairlead.engines.sglang.warning_checks import eight_bit_cache
from fairlead.engines.tensorrt_llm.checks import cache_needs_capability
from fairlead.engines.vllm import kv_cache
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.accelerators import Accelerator
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.fleet.shapes import ModelShape, StoredWeights
from tests.engines.on_cpu import PLAIN, on_cpu
from tests.engines.setups import A100, B200, ENGINE, H100, L4, LATENT, LLAMA, RTX5090, T4, setup_of, with_cache

CHECKS: Final = (
    kv_cache.eight_bits_need_capability,
    kv_cache.four_bits_need_blackwell,
    kv_cache.bfloat16_needs_capability,
    kv_cache.latent_attention,
    kv_cache.five_bit_exponent_with_eight_bit_weights,
)
FP8_WITH_FP8_CACHE: Final = StoredWeights(format=WeightFormat.MODELOPT, cache=KvFormat.FP8, cache_by_modelopt=True)


def refused(setup: EngineSetup) -> list[SpecRefusal]:
    return [refusal for check in CHECKS if (refusal := check(setup)) is not None]


def with_kv(kv: KvFormat, shape: ModelShape, on: Accelerator | None) -> EngineSetup:
    return setup_of(replace(ENGINE, kv=kv), shape=shape, on=on)


def written_as(remedy: str) -> list[KvFormat]:
    """The formats that a remedy names."""
    return [KvFormat(word) for word in remedy.removeprefix("write ").split(" or ")]


def test_the_way_out_of_a_coarse_cache_is_not_the_checkpoints_own_one() -> None:
    """`fp8E5M2` was answered with "write auto", and `auto` with "write bfloat16"."""
    shape = replace(LLAMA, stored=FP8_WITH_FP8_CACHE)
    assert [refusal.remedy for refusal in refused(with_kv(KvFormat.FP8_E5M2, shape, A100))] == ["write bfloat16"]
    assert refused(with_kv(KvFormat.BFLOAT16, shape, A100)) == []


def test_on_a_processor_such_a_checkpoint_keeps_its_own_cache() -> None:
    shape = replace(LLAMA, stored=FP8_WITH_FP8_CACHE)
    found = kv_cache.five_bit_exponent_with_eight_bit_weights(on_cpu(replace(PLAIN, kv=KvFormat.FP8_E5M2), shape=shape))
    assert found is not None
    assert found.remedy == "write auto"


def test_an_fp8_checkpoint_before_ada_is_not_sent_to_a_coarse_cache() -> None:
    shape = replace(LLAMA, stored=StoredWeights(format=WeightFormat.FP8))
    assert [refusal.remedy for refusal in refused(with_kv(KvFormat.FP8, shape, A100))] == ["write auto"]


@pytest.mark.parametrize(("on", "remedies"), [(B200, ["write fp8"]), (A100, ["write bfloat16", "write bfloat16"])])
def test_latent_attention_does_not_take_a_checkpoints_four_bit_cache(on: Accelerator, remedies: list[str]) -> None:
    """Only what the spec wrote was looked at, and vLLM ended at its start."""
    found = refused(with_kv(KvFormat.AUTO, with_cache(LATENT, KvFormat.NVFP4), on))
    assert [refusal.remedy for refusal in found] == remedies
    assert found[-1].because == (
        "DeepSeek-V3 compresses its cache already (multi-head latent attention), which takes fp8 or 16 bits, "
        "and the checkpoint states nvfp4"
    )


@given(
    kv=st.sampled_from(KvFormat),
    cache=st.sampled_from((KvFormat.AUTO, KvFormat.FP8, KvFormat.NVFP4)),
    weights=st.sampled_from((WeightFormat.NONE, WeightFormat.MODELOPT, WeightFormat.NVFP4)),
    shape=st.sampled_from((LLAMA, LATENT)),
    on=st.sampled_from((T4, A100, L4, H100, B200, RTX5090)),
)
def test_what_a_refusal_says_to_write_is_never_refused(
    kv: KvFormat, cache: KvFormat, weights: WeightFormat, shape: ModelShape, on: Accelerator
) -> None:
    stated = replace(shape, stored=StoredWeights(format=weights, cache=cache, cache_by_modelopt=True))
    for refusal in refused(with_kv(kv, stated, on)):
        assert [refused(with_kv(word, stated, on)) for word in written_as(refusal.remedy)] in ([[]], [[], []]), refusal


def test_sglang_warns_of_the_cache_that_a_checkpoint_brings() -> None:
    plain = replace(ENGINE, kind=EngineKind.SGLANG)
    own = setup_of(plain, shape=with_cache(LLAMA, KvFormat.FP8), on=A100)
    found = eight_bit_cache(own)
    assert found is not None
    assert (found.value, found.remedy) == ("auto", "write bfloat16, or watch the first start")
    assert found.because.startswith("the checkpoint's cache is fp8, but NVIDIA-A100-SXM4-80GB has no FP8 arithmetic")
    as_written = eight_bit_cache(replace(own, revision=replace(own.revision, engine=replace(plain, kv=KvFormat.FP8))))
    assert as_written is not None
    assert as_written.remedy == found.remedy
    assert eight_bit_cache(setup_of(plain, shape=with_cache(LLAMA, KvFormat.FP8), on=H100)) is None


def test_tensorrt_refuses_the_cache_that_a_checkpoint_brings() -> None:
    plain = replace(ENGINE, kind=EngineKind.TENSORRT_LLM)
    stated = with_cache(LLAMA, KvFormat.FP8)
    own, four = cache_needs_capability(setup_of(plain, shape=stated, on=A100)), replace(plain, kv=KvFormat.NVFP4)
    assert own is not None
    assert (own.value, own.because) == (
        "auto",
        "the checkpoint's fp8 cache needs compute capability 8.9, and NVIDIA-A100-SXM4-80GB has 8.0",
    )
    assert own.remedy == "take a checkpoint without such a cache, or ask for a newer GPU"
    above = cache_needs_capability(setup_of(four, shape=stated, on=H100))
    assert above is not None
    assert above.remedy == "write auto, or ask for a newer GPU"
    assert cache_needs_capability(setup_of(plain, shape=stated, on=H100)) is None


def test_nothing_is_assumed_of_an_unknown_model_or_gpu() -> None:
    stated = with_cache(LLAMA, KvFormat.FP8)
    assert cache_format.of_auto(setup_of(shape=None, on=H100), CURRENT) is KvFormat.AUTO
    assert cache_format.of_auto(setup_of(shape=stated, on=None), CURRENT) is KvFormat.AUTO
    assert cache_format.in_force(setup_of(shape=stated, on=H100), SGLANG) is KvFormat.FP8

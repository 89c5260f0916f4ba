"""Setups that would end vLLM 0.32's start, each with the one refusal it must get; a row is a sentence."""

from dataclasses import replace
from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason as Why
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import Dtype, KvFormat, WeightFormat
from tests.engines.setups import (
    A100,
    B200,
    ENGINE,
    LATENT,
    LLAMA,
    MIXTURE,
    RTX5090,
    T4,
    V100,
    setup_of,
    stored,
    with_cache,
)

WEIGHTS: Final = "spec.engine.quantization.weights"
KV: Final = "spec.engine.quantization.kvCache"
BATCHED: Final = "spec.engine.batching.maxBatchedTokens"


def weights(format_: WeightFormat, dtype: Dtype = Dtype.AUTO) -> EngineSetup:
    return setup_of(replace(ENGINE, weights=format_, dtype=dtype))


def no(field: str, value: object, reason: Why, because: str, remedy: str) -> tuple[SpecRefusal, ...]:
    return (SpecRefusal(field=field, value=str(value), reason=reason, because=because, remedy=remedy),)


FORMATS: Final = {
    "bitsandbytes is gone and mxfp4 is the nearest that is made while loading": (
        weights(WeightFormat.BITSANDBYTES),
        no(
            WEIGHTS,
            "bitsandbytes",
            Why.FORMAT_REMOVED,
            "vLLM 0.32 no longer reads bitsandbytes",
            "with an unquantized checkpoint write mxfp4, or take an AWQ or GPTQ checkpoint",
        ),
    ),
    "a bitsandbytes checkpoint on a GPU too old for anything is sent to the plain one": (
        setup_of(shape=stored(LLAMA, WeightFormat.BITSANDBYTES), on=V100),
        no(
            WEIGHTS,
            "none",
            Why.FORMAT_REMOVED,
            "vLLM 0.32 no longer reads bitsandbytes",
            "with an unquantized checkpoint write none, or take an AWQ or GPTQ checkpoint",
        ),
    ),
    "FP8 by channel needs the kernels of 8.9 and by tensor does not": (
        setup_of(replace(ENGINE, weights=WeightFormat.FP8_PER_CHANNEL), on=A100),
        no(
            WEIGHTS,
            "fp8PerChannel",
            Why.FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 8.9, and NVIDIA-A100-SXM4-80GB has 8.0",
            "write fp8PerTensor, or ask for a GPU of capability 8.9",
        ),
    ),
    "nothing is made while loading on a V100": (
        setup_of(replace(ENGINE, weights=WeightFormat.FP8_PER_TENSOR), on=V100),
        no(
            WEIGHTS,
            "fp8PerTensor",
            Why.FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 7.5, and Tesla-V100-SXM2-16GB has 7.0",
            "write none, or ask for a GPU of capability 7.5",
        ),
    ),
    "an AWQ checkpoint needs 7.5 and a GPTQ one runs on a V100": (
        setup_of(shape=stored(LLAMA, WeightFormat.AWQ), on=V100),
        no(
            WEIGHTS,
            "none",
            Why.FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 7.5, and Tesla-V100-SXM2-16GB has 7.0",
            "take a checkpoint stored as gptq, or ask for a GPU of capability 7.5",
        ),
    ),
    "an MXFP4 checkpoint asks for more than MXFP4 made while loading": (
        setup_of(shape=stored(MIXTURE, WeightFormat.MXFP4), on=T4),
        no(
            WEIGHTS,
            "none",
            Why.FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 8.0, and Tesla-T4 has 7.5",
            "take a checkpoint stored as awq, or ask for a GPU of capability 8.0",
        ),
    ),
    "AWQ does not compute in 32 bits": (
        setup_of(replace(ENGINE, dtype=Dtype.FLOAT32), shape=stored(LLAMA, WeightFormat.AWQ)),
        no(
            "spec.engine.dtype",
            "float32",
            Why.FORMAT_NEEDS_DTYPE,
            "with weights as awq the engine computes in bfloat16, float16",
            "write auto or float16",
        ),
    ),
    "bfloat16 begins with 8.0": (
        setup_of(replace(ENGINE, dtype=Dtype.BFLOAT16), on=T4),
        no(
            "spec.engine.dtype",
            "bfloat16",
            Why.DTYPE_NEEDS_CAPABILITY,
            "needs compute capability 8.0, and Tesla-T4 has 7.5",
            "write float16",
        ),
    ),
    "int8 experts need experts": (
        weights(WeightFormat.INT8_EXPERTS),
        no(
            WEIGHTS,
            "int8Experts",
            Why.FORMAT_NEEDS_EXPERTS,
            "quantizes experts only, and Llama-3.1-8B has none",
            "write fp8PerTensor",
        ),
    ),
    "int8 experts need experts whatever the GPU": (
        setup_of(replace(ENGINE, weights=WeightFormat.INT8_EXPERTS), on=None),
        no(
            WEIGHTS,
            "int8Experts",
            Why.FORMAT_NEEDS_EXPERTS,
            "quantizes experts only, and Llama-3.1-8B has none",
            "write fp8PerTensor",
        ),
    ),
    "a checkpoint stored otherwise than asked is refused": (
        setup_of(replace(ENGINE, weights=WeightFormat.FP8_PER_TENSOR), shape=stored(LLAMA, WeightFormat.AWQ)),
        no(
            WEIGHTS,
            "fp8PerTensor",
            Why.FORMAT_DIFFERS_FROM_CHECKPOINT,
            "the checkpoint of Llama-3.1-8B is stored as awq",
            "write none, which takes the checkpoint as it is",
        ),
    ),
    "a plain checkpoint is not AWQ": (
        weights(WeightFormat.AWQ),
        no(
            WEIGHTS,
            "awq",
            Why.FORMAT_DIFFERS_FROM_CHECKPOINT,
            "Llama-3.1-8B is not quantized, and awq is not made while loading",
            "take a checkpoint stored as awq, or write fp8PerTensor",
        ),
    ),
    "a plain checkpoint is not AWQ whatever the GPU": (
        setup_of(replace(ENGINE, weights=WeightFormat.AWQ), on=None),
        no(
            WEIGHTS,
            "awq",
            Why.FORMAT_DIFFERS_FROM_CHECKPOINT,
            "Llama-3.1-8B is not quantized, and awq is not made while loading",
            "take a checkpoint stored as awq, or write fp8PerTensor",
        ),
    ),
}

CACHES: Final = {
    "an FP8 cache before 8.9 is e5m2 or none": (
        setup_of(replace(ENGINE, kv=KvFormat.FP8), on=A100),
        no(
            KV,
            "fp8",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 8.9, and NVIDIA-A100-SXM4-80GB has 8.0",
            "write fp8E5M2 or auto",
        ),
    ),
    "a four-bit cache is the data centre's Blackwell's": (
        setup_of(replace(ENGINE, kv=KvFormat.NVFP4), on=RTX5090),
        no(
            KV,
            "nvfp4",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 10.x, and NVIDIA-GeForce-RTX-5090 has 12.0",
            "write fp8",
        ),
    ),
    "a four-bit cache on an A100 comes down to e5m2": (
        setup_of(replace(ENGINE, kv=KvFormat.NVFP4), on=A100),
        no(
            KV,
            "nvfp4",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 10.x, and NVIDIA-A100-SXM4-80GB has 8.0",
            "write fp8E5M2 or auto",
        ),
    ),
    "nor is the cache that a checkpoint has scales for": (
        setup_of(shape=with_cache(LLAMA, KvFormat.FP8), on=A100),
        no(
            KV,
            "auto",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "the checkpoint's fp8 cache needs compute capability 8.9, and NVIDIA-A100-SXM4-80GB has 8.0",
            "write bfloat16",
        ),
    ),
    "and a T4 has no bfloat16 either": (
        setup_of(shape=with_cache(LLAMA, KvFormat.FP8), on=T4),
        no(
            KV,
            "auto",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "the checkpoint's fp8 cache needs compute capability 8.9, and Tesla-T4 has 7.5",
            "write float16",
        ),
    ),
    "auto is no way out of an FP8 cache for such a checkpoint": (
        setup_of(replace(ENGINE, kv=KvFormat.FP8), shape=with_cache(LLAMA, KvFormat.FP8), on=A100),
        no(
            KV,
            "fp8",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 8.9, and NVIDIA-A100-SXM4-80GB has 8.0",
            "write bfloat16",
        ),
    ),
    "a checkpoint's own four-bit cache is refused where there is none": (
        setup_of(shape=with_cache(LLAMA, KvFormat.NVFP4), on=A100),
        no(
            KV,
            "auto",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "the checkpoint's nvfp4 cache needs compute capability 10.x, and NVIDIA-A100-SXM4-80GB has 8.0",
            "write bfloat16",
        ),
    ),
    "a bfloat16 cache begins with 8.0": (
        setup_of(replace(ENGINE, kv=KvFormat.BFLOAT16), on=T4),
        no(
            KV,
            "bfloat16",
            Why.KV_FORMAT_NEEDS_CAPABILITY,
            "needs compute capability 8.0, and Tesla-T4 has 7.5",
            "write auto or float16",
        ),
    ),
    "latent attention has no four-bit cache": (
        setup_of(replace(ENGINE, kv=KvFormat.NVFP4), shape=LATENT, on=B200),
        no(
            KV,
            "nvfp4",
            Why.KV_FORMAT_DIFFERS,
            "DeepSeek-V3 compresses its cache already (multi-head latent attention), which takes fp8 or 16 bits",
            "write fp8 or auto",
        ),
    ),
    "an FP8 checkpoint does not go with an e5m2 cache": (
        setup_of(replace(ENGINE, kv=KvFormat.FP8_E5M2), shape=stored(LLAMA, WeightFormat.FP8)),
        no(
            KV,
            "fp8E5M2",
            Why.KV_FORMAT_DIFFERS,
            "vLLM takes fp8E5M2 only with a checkpoint that is not FP8, and this one is stored as fp8",
            "write fp8E4M3",
        ),
    ),
    "an FP8 checkpoint on an old GPU has no eight-bit cache": (
        setup_of(replace(ENGINE, kv=KvFormat.FP8_E5M2, weights=WeightFormat.FP8), shape=None, on=A100),
        no(
            KV,
            "fp8E5M2",
            Why.KV_FORMAT_DIFFERS,
            "vLLM takes fp8E5M2 only with a checkpoint that is not FP8, and this one is stored as fp8",
            "write auto",
        ),
    ),
}

"""Whether the KV cache can have the format of the spec: the GPU needs an attention backend that takes it."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import formats
from fairlead.fleet.accelerators import ComputeCapability
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import KvFormat

FIELD: Final = "spec.engine.quantization.kvCache"


def eight_bits_need_capability(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "No valid attention backend found": before 8.9 fp8_e5m2 is the only usable FP8 cache."""
    if asked.engine.kv not in {KvFormat.FP8, KvFormat.FP8_E4M3} or _at_least(asked, formats.ADA):
        return None
    return _refusal(asked, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(asked, "8.9"), "write fp8E5M2 or auto")


def four_bits_need_blackwell(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "No valid attention backend found": nvfp4 is FlashInfer's on the SM100 family only."""
    gpu = asked.accelerator
    if asked.engine.kv is not KvFormat.NVFP4 or gpu is None or gpu.capability.major == formats.BLACKWELL.major:
        return None
    instead = "fp8" if gpu.capability >= formats.ADA else "fp8E5M2"
    return _refusal(asked, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(asked, "10.x"), f"write {instead}")


def bfloat16_needs_capability(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Bfloat16 is only supported on GPUs with compute capability of at least 8.0."."""
    if asked.engine.kv is not KvFormat.BFLOAT16 or _at_least(asked, formats.AMPERE):
        return None
    return _refusal(asked, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(asked, "8.0"), "write auto or float16")


def latent_attention(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "nvfp4 KV cache is not supported with MLA"; no MLA backend lists int8_per_token_head either."""
    if asked.engine.kv not in {KvFormat.NVFP4, KvFormat.INT8_PER_TOKEN_HEAD}:
        return None
    if asked.shape is None or asked.shape.latent is None:
        return None
    return _refusal(
        asked,
        EngineReason.KV_FORMAT_DIFFERS,
        f"{asked.shape.name} compresses its cache already (multi-head latent attention), which takes auto or fp8",
        "write fp8 or auto",
    )


def five_bit_exponent_with_eight_bit_weights(asked: EngineSetup) -> SpecRefusal | None:
    """Mirrors "fp8_e5m2 kv-cache is not supported with fp8 checkpoints."."""
    checkpoint = asked.shape.stored.format if asked.shape else asked.engine.weights
    if asked.engine.kv is not KvFormat.FP8_E5M2 or checkpoint not in formats.EIGHT_BIT_FLOATS:
        return None
    old = not _at_least(asked, formats.ADA)
    return _refusal(
        asked,
        EngineReason.KV_FORMAT_DIFFERS,
        f"vLLM takes fp8E5M2 only with a checkpoint that is not FP8, and this one is stored as {checkpoint}",
        "write auto" if old else "write fp8E4M3",
    )


def _at_least(asked: EngineSetup, least: ComputeCapability) -> bool:
    """Whether the GPU has this capability; an unknown GPU is assumed to have it."""
    return asked.accelerator is None or asked.accelerator.capability >= least


def _needs(asked: EngineSetup, capability: str) -> str:
    assert asked.accelerator is not None
    has = formats.words(asked.accelerator.capability)
    return f"needs compute capability {capability}, and {asked.accelerator.product} has {has}"


def _refusal(asked: EngineSetup, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=FIELD, value=asked.engine.kv, reason=reason, because=because, remedy=remedy)

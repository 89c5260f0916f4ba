"""Whether the KV cache can have the spec's format: the GPU needs an attention backend that supports it."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import formats
from fairlead.fleet.accelerators import ADA, AMPERE, BLACKWELL, ComputeCapability
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import KvFormat

FIELD: Final = "spec.engine.quantization.kvCache"


def eight_bits_need_capability(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "No valid attention backend found": before 8.9 fp8_e5m2 is the only usable FP8 cache."""
    if _format(setup) not in {KvFormat.FP8, KvFormat.FP8_E4M3} or _at_least(setup, ADA):
        return None
    instead = "fp8E5M2 or auto" if _stored(setup) is KvFormat.AUTO else _sixteen_bits(setup)
    return _refusal(setup, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(setup, "8.9"), f"write {instead}")


def four_bits_need_blackwell(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "No valid attention backend found": nvfp4 is FlashInfer's on the SM100 family only."""
    gpu = setup.accelerator
    if _format(setup) is not KvFormat.NVFP4 or gpu is None or gpu.capability.major == BLACKWELL.major:
        return None
    instead = "fp8" if gpu.capability >= ADA else "fp8E5M2" if _stored(setup) is KvFormat.AUTO else _sixteen_bits(setup)
    return _refusal(setup, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(setup, "10.x"), f"write {instead}")


def bfloat16_needs_capability(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Bfloat16 is only supported on GPUs with compute capability of at least 8.0."."""
    if setup.engine.kv is not KvFormat.BFLOAT16 or _at_least(setup, AMPERE):
        return None
    return _refusal(setup, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(setup, "8.0"), "write auto or float16")


def latent_attention(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "nvfp4 KV cache is not supported with MLA"; no MLA backend lists int8_per_token_head either."""
    if setup.engine.kv not in {KvFormat.NVFP4, KvFormat.INT8_PER_TOKEN_HEAD}:
        return None
    if setup.shape is None or setup.shape.latent is None:
        return None
    return _refusal(
        setup,
        EngineReason.KV_FORMAT_DIFFERS,
        f"{setup.shape.name} compresses its cache already (multi-head latent attention), which takes auto or fp8",
        "write fp8 or auto",
    )


def five_bit_exponent_with_eight_bit_weights(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "fp8_e5m2 kv-cache is not supported with fp8 checkpoints."."""
    checkpoint = setup.shape.stored.format if setup.shape else setup.engine.weights
    if setup.engine.kv is not KvFormat.FP8_E5M2 or checkpoint not in formats.EIGHT_BIT_FLOATS:
        return None
    old = not _at_least(setup, ADA)
    return _refusal(
        setup,
        EngineReason.KV_FORMAT_DIFFERS,
        f"vLLM takes fp8E5M2 only with a checkpoint that is not FP8, and this one is stored as {checkpoint}",
        "write auto" if old else "write fp8E4M3",
    )


def _stored(setup: EngineSetup) -> KvFormat:
    """Return the cache's format that the checkpoint has scales for; `auto` is none."""
    return setup.shape.stored.cache if setup.shape else KvFormat.AUTO


def _format(setup: EngineSetup) -> KvFormat:
    """Return the cache's format: the checkpoint's if the spec sets none."""
    return _stored(setup) if setup.engine.kv is KvFormat.AUTO else setup.engine.kv


def _sixteen_bits(setup: EngineSetup) -> str:
    return KvFormat.BFLOAT16 if _at_least(setup, AMPERE) else KvFormat.FLOAT16


def _at_least(setup: EngineSetup, least: ComputeCapability) -> bool:
    """Return whether the GPU has this capability; an unknown GPU is assumed to have it."""
    return setup.accelerator is None or setup.accelerator.capability >= least


def _needs(setup: EngineSetup, capability: str) -> str:
    assert setup.accelerator is not None
    has = setup.accelerator.capability
    what = "" if setup.engine.kv is not KvFormat.AUTO else f"the checkpoint's {_stored(setup)} cache "
    return f"{what}needs compute capability {capability}, and {setup.accelerator.product} has {has}"


def _refusal(setup: EngineSetup, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=FIELD, value=setup.engine.kv, reason=reason, because=because, remedy=remedy)

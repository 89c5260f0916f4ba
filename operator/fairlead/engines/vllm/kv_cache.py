"""Whether the KV cache can have the spec's format: the GPU needs an attention backend that supports it."""

from typing import Final

from fairlead.engines import cache_format
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import formats
from fairlead.engines.vllm.memory import CURRENT
from fairlead.fleet.accelerators import ADA, AMPERE, BLACKWELL, ComputeCapability
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import KvFormat, WeightFormat

FIELD: Final = "spec.engine.quantization.kvCache"


def eight_bits_need_capability(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "No valid attention backend found": before 8.9 fp8_e5m2 is the only usable FP8 cache."""
    if _format(setup) not in {KvFormat.FP8, KvFormat.FP8_E4M3} or _at_least(setup, ADA):
        return None
    return _refusal(setup, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(setup, "8.9"), f"write {_before_ada(setup)}")


def four_bits_need_blackwell(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "No valid attention backend found": nvfp4 is FlashInfer's on the SM100 family only."""
    gpu = setup.accelerator
    if _format(setup) is not KvFormat.NVFP4 or gpu is None or gpu.capability.major == BLACKWELL.major:
        return None
    instead = "fp8" if gpu.capability >= ADA else _before_ada(setup)
    return _refusal(setup, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(setup, "10.x"), f"write {instead}")


def bfloat16_needs_capability(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Bfloat16 is only supported on GPUs with compute capability of at least 8.0."."""
    if setup.engine.kv is not KvFormat.BFLOAT16 or _at_least(setup, AMPERE):
        return None
    instead = "auto or float16" if _of_auto(setup) is KvFormat.AUTO else "float16"
    return _refusal(setup, EngineReason.KV_FORMAT_NEEDS_CAPABILITY, _needs(setup, "8.0"), f"write {instead}")


def latent_attention(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "nvfp4 KV cache is not supported with MLA"; no MLA backend lists int8_per_token_head either."""
    if _format(setup) not in {KvFormat.NVFP4, KvFormat.INT8_PER_TOKEN_HEAD}:
        return None
    if setup.shape is None or setup.shape.latent is None:
        return None
    stated = ", and the checkpoint states nvfp4" if setup.engine.kv is KvFormat.AUTO else ""
    return _refusal(
        setup,
        EngineReason.KV_FORMAT_DIFFERS,
        f"{setup.shape.name} compresses its cache already (multi-head latent attention), which takes fp8 or 16 bits"
        + stated,
        f"write {_of_latent_attention(setup)}",
    )


def five_bit_exponent_with_eight_bit_weights(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "fp8_e5m2 kv-cache is not supported with fp8 checkpoints."."""
    checkpoint = _checkpoint(setup)
    if setup.engine.kv is not KvFormat.FP8_E5M2 or checkpoint not in formats.EIGHT_BIT_FLOATS:
        return None
    instead = "fp8E4M3" if _at_least(setup, ADA) else _before_ada(setup)
    return _refusal(
        setup,
        EngineReason.KV_FORMAT_DIFFERS,
        f"vLLM takes fp8E5M2 only with a checkpoint that is not FP8, and this one is stored as {checkpoint}",
        f"write {instead}",
    )


def _of_auto(setup: EngineSetup) -> KvFormat:
    return cache_format.of_auto(setup, CURRENT)


def _format(setup: EngineSetup) -> KvFormat:
    return cache_format.in_force(setup, CURRENT)


def _checkpoint(setup: EngineSetup) -> WeightFormat:
    return setup.shape.stored.format if setup.shape else setup.engine.weights


def _before_ada(setup: EngineSetup) -> str:
    """Return what to write where a GPU has no FP8 arithmetic: `auto` unless the checkpoint's own cache needs it.

    A processor takes no cache of 16 bits by name.
    """
    if _of_auto(setup) is not KvFormat.AUTO and not setup.on_cpu:
        return _sixteen_bits(setup)
    return "auto" if _checkpoint(setup) in formats.EIGHT_BIT_FLOATS else "fp8E5M2 or auto"


def _of_latent_attention(setup: EngineSetup) -> str:
    """Return what to write for latent attention: `auto` unless that is the checkpoint's own cache, and it cannot be."""
    auto = _of_auto(setup)
    if _at_least(setup, ADA):
        return "fp8 or auto" if auto is not KvFormat.NVFP4 else "fp8"
    return "auto" if auto is KvFormat.AUTO else _sixteen_bits(setup)


def _sixteen_bits(setup: EngineSetup) -> str:
    return KvFormat.BFLOAT16 if _at_least(setup, AMPERE) else KvFormat.FLOAT16


def _at_least(setup: EngineSetup, least: ComputeCapability) -> bool:
    """Return whether the GPU has this capability; an unknown GPU is assumed to have it."""
    return setup.accelerator is None or setup.accelerator.capability >= least


def _needs(setup: EngineSetup, capability: str) -> str:
    assert setup.accelerator is not None
    has = setup.accelerator.capability
    what = "" if setup.engine.kv is not KvFormat.AUTO else f"the checkpoint's {_of_auto(setup)} cache "
    return f"{what}needs compute capability {capability}, and {setup.accelerator.product} has {has}"


def _refusal(setup: EngineSetup, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=FIELD, value=setup.engine.kv, reason=reason, because=because, remedy=remedy)

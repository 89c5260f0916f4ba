"""What vLLM 0.32 allows on a processor but users should be warned about."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup, WarningCheck
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm.cpu import formats
from fairlead.fleet.desired_state import SpeculationMethod
from fairlead.fleet.findings import SpecWarning


def weights_need_amx(setup: EngineSetup) -> SpecWarning | None:
    """`is_supported` of each CPU kernel in kernels/linear/scaled_mm/cpu.py: "requires AMX tile support"."""
    if setup.weights not in formats.NEED_AMX:
        return None
    return SpecWarning(
        field="spec.engine.quantization.weights",
        value=setup.weights,
        reason=EngineReason.RISKY,
        because="vLLM's kernels for it need AMX (Sapphire Rapids or newer); on others the start may fail or be slow",
        remedy=f"choose nodes by spec.placement.nodeSelector, or a checkpoint as {formats.STORED_WELL}",
    )


def cache_needs_wide_vectors(setup: EngineSetup) -> SpecWarning | None:
    """`_get_attn_isa`: "FP8 KV cache on CPU requires x86 with AVX-512 or AMX."."""
    if setup.engine.kv not in formats.EIGHT_BIT_CACHES:
        return None
    return SpecWarning(
        field="spec.engine.quantization.kvCache",
        value=setup.engine.kv,
        reason=EngineReason.RISKY,
        because="an FP8 cache on a processor needs AVX-512 or AMX, and without them the engine fails to start",
        remedy="choose such nodes by spec.placement.nodeSelector, or write auto",
    )


def speculation_without_intel_threads(setup: EngineSetup) -> SpecWarning | None:
    """`CPUWorker.init_device`: "Speculative decoding on CPU without Intel OpenMP in LD_PRELOAD will cause significant
    performance loss"."""
    method = setup.engine.speculation.method
    if method is SpeculationMethod.OFF:
        return None
    return SpecWarning(
        field="spec.engine.speculation.method",
        value=method,
        reason=EngineReason.SLOWER,
        because="on a processor speculation costs extra arithmetic, which is the bottleneck there, and vLLM "
        "warns about it without Intel's OpenMP",
        remedy="measure it, or remove it",
    )


def latent_attention_without_prefixes(setup: EngineSetup) -> SpecWarning | None:
    """`CpuPlatform.check_and_update_config`: "forcing chunked prefill and prefix caching to be disabled" if not AMX."""
    if setup.shape is None or setup.shape.latent is None:
        return None
    return SpecWarning(
        field="spec.model.source",
        value=setup.revision.model.source.location,
        reason=EngineReason.SLOWER,
        because="on a processor without AMX vLLM switches prefix caching and chunked prefill off for this model",
        remedy="choose nodes with AMX by spec.placement.nodeSelector, or another model",
    )


def one_core(setup: EngineSetup) -> SpecWarning | None:
    """`OMPProcessManager`: "Selected CPU core number should be greater than reserved CPU core number"."""
    cpu = setup.revision.cpu
    if cpu is None or cpu.cores > 1:
        return None
    return SpecWarning(
        field="spec.accelerator.cores",
        value=str(cpu.cores),
        reason=EngineReason.SLOWER,
        because="vLLM's scheduler, its HTTP server and its arithmetic share the one core, and they wait for each other",
        remedy="write 2 or more",
    )


WARNING_CHECKS: Final[tuple[WarningCheck, ...]] = (
    weights_need_amx,
    cache_needs_wide_vectors,
    speculation_without_intel_threads,
    latent_attention_without_prefixes,
    one_core,
)

"""Whether the weights can have the spec's format: release, GPU, dtype, experts and the stored checkpoint."""

from dataclasses import replace
from typing import Final

from fairlead.engines import spec_scales
from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.spec_scales import ScaleGroups
from fairlead.engines.vllm import expert_blocks, formats
from fairlead.engines.vllm.formats import WeightFormatSupport
from fairlead.fleet.accelerators import AMPERE, TURING, ComputeCapability
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.quantization import WHILE_LOADING, Dtype, WeightFormat

FIELD: Final = "spec.engine.quantization.weights"
DTYPE: Final = "spec.engine.dtype"
_SPREAD: Final = "add --enable-expert-parallel to spec.engine.extraArgs"
_SPREAD_OR_PADDED: Final = (
    f"add --enable-expert-parallel or {expert_blocks.FLAG}={expert_blocks.MARLIN} to spec.engine.extraArgs"
)


def removed(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Unknown quantization method: bitsandbytes": removed in 0.32."""
    if setup.weights is not WeightFormat.BITSANDBYTES:
        return None
    instead = _four_bits_while_loading(setup)
    return _refusal(
        setup,
        EngineReason.FORMAT_REMOVED,
        "vLLM 0.32 no longer reads bitsandbytes",
        f"with an unquantized checkpoint write {instead}, or take an AWQ or GPTQ checkpoint",
    )


def needs_capability(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "The quantization method X is not supported for the current GPU. Minimum capability: 75."."""
    row = formats.WEIGHTS.get(setup.weights)
    if row is None or setup.accelerator is None:
        return None
    least, _ = row.needs(stored=_stored(setup))
    if setup.accelerator.capability >= least:
        return None
    because = f"needs compute capability {least}, and {setup.accelerator.product} has {setup.accelerator.capability}"
    return _refusal(setup, EngineReason.FORMAT_NEEDS_CAPABILITY, because, _for_this_gpu(setup, least))


def needs_dtype(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "torch.float32 is not supported for quantization method fp8. Supported dtypes: [...]"."""
    row = formats.WEIGHTS.get(setup.weights)
    if row is None or setup.engine.dtype is Dtype.AUTO:
        return None
    _, dtypes = row.needs(stored=_stored(setup))
    if setup.engine.dtype in dtypes:
        return None
    allowed = ", ".join(sorted(dtypes))
    return SpecRefusal(
        field=DTYPE,
        value=setup.engine.dtype,
        reason=EngineReason.FORMAT_NEEDS_DTYPE,
        because=f"with weights as {setup.weights} the engine computes in {allowed}",
        remedy=f"write auto or {allowed.rpartition(', ')[2]}",
    )


def dtype_needs_capability(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Bfloat16 is only supported on GPUs with compute capability of at least 8.0."."""
    gpu = setup.accelerator
    if setup.engine.dtype is not Dtype.BFLOAT16 or gpu is None or gpu.capability >= AMPERE:
        return None
    return SpecRefusal(
        field=DTYPE,
        value=setup.engine.dtype,
        reason=EngineReason.DTYPE_NEEDS_CAPABILITY,
        because=f"needs compute capability 8.0, and {gpu.product} has {gpu.capability}",
        remedy="write float16",
    )


def needs_experts(setup: EngineSetup) -> SpecRefusal | None:
    """`int8_per_channel_weight_only` quantizes MoE experts only; a dense model would silently stay as it is."""
    row = formats.WEIGHTS.get(setup.weights)
    if row is None or not row.experts_only or setup.shape is None or setup.shape.experts is not None:
        return None
    return _refusal(
        setup,
        EngineReason.FORMAT_NEEDS_EXPERTS,
        f"quantizes experts only, and {setup.shape.name} has none",
        f"write {_while_loading(setup)}",
    )


def differs_from_checkpoint(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Quantization method specified in the model config (A) does not match ... argument (B)"."""
    if setup.shape is None or setup.engine.weights not in formats.WEIGHTS:
        return None
    stored, wanted = setup.shape.stored.format, setup.engine.weights
    if stored is WeightFormat.NONE or _same_method(stored, wanted):
        return None
    return _refusal(
        setup,
        EngineReason.FORMAT_DIFFERS_FROM_CHECKPOINT,
        f"the checkpoint of {setup.shape.name} is stored as {stored}",
        "write none, which takes the checkpoint as it is",
    )


def checkpoint_is_plain(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Cannot find the config file for awq". `fp8` alone is made while loading, under a deprecated name."""
    wanted = setup.engine.weights
    if setup.shape is None or wanted in WHILE_LOADING | {WeightFormat.FP8} or wanted not in formats.WEIGHTS:
        return None
    if setup.shape.stored.format is not WeightFormat.NONE:
        return None
    return _refusal(
        setup,
        EngineReason.FORMAT_DIFFERS_FROM_CHECKPOINT,
        f"{setup.shape.name} is not quantized, and {wanted} is not made while loading",
        f"take a checkpoint stored as {wanted}, or write {_while_loading(setup)}",
    )


def not_aligned(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "MXFP4 requires input_size_per_partition (720) to be divisible by 32.". Experts of a checkpoint that is
    stored as MXFP4 are padded instead, and nothing else of it is quantized."""
    padded = setup.weights is WeightFormat.MXFP4 and _stored(setup)
    if setup.weights not in formats.MICROSCALED or padded:
        return None
    group = formats.MICROSCALED_GROUP
    groups = _divided(setup, ScaleGroups(size=group, experts=group, undivided=True))
    return spec_scales.cut_groups(setup, groups, _SPREAD, f"write fp8PerTensor as {FIELD}")


def blocks_cut(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Weight input_size_per_partition = 1216 is not divisible by weight quantization block_k = 128.".
    `oracle/fp8.py` divides blocks of experts down to 32, for kernels of Ada and later, or pads slices of experts for a
    kernel that `--moe-backend` names."""
    block = setup.shape.stored.block if setup.shape else None
    if block is None or not _stored(setup):
        return None
    groups = _divided(setup, ScaleGroups(size=block, experts=expert_blocks.group(setup, block)))
    spread = _SPREAD_OR_PADDED if expert_blocks.pads(setup, expert_blocks.MARLIN) else _SPREAD
    return spec_scales.cut_groups(setup, groups, spread, "take a checkpoint stored in another format")


def _divided(setup: EngineSetup, groups: ScaleGroups) -> ScaleGroups:
    """Without expert parallelism, data-parallel copies divide each expert among them as well."""
    return replace(groups, spread=expert_blocks.whole(setup), copies=max(1, setup.revision.parallelism.data))


def _stored(setup: EngineSetup) -> bool:
    """Return whether the checkpoint is stored in this format; without a shape the spec's format decides."""
    if setup.shape is not None:
        return setup.shape.stored.format is setup.weights
    return setup.weights not in WHILE_LOADING


def _same_method(one: WeightFormat, other: WeightFormat) -> bool:
    """vLLM compares its own method names, and compressed-tensors is one, whatever its content."""
    row: WeightFormatSupport | None = formats.WEIGHTS.get(one)
    return row is not None and row.flag == formats.WEIGHTS[other].flag


def _for_this_gpu(setup: EngineSetup, least: ComputeCapability) -> str:
    assert setup.accelerator is not None
    if not _stored(setup):
        return f"write {_while_loading(setup)}, or ask for a GPU of capability {least}"
    instead = formats.nearest(setup.accelerator.capability, stored=True, experts=_has_experts(setup))
    return f"take a checkpoint stored as {instead}, or ask for a GPU of capability {least}"


def _while_loading(setup: EngineSetup) -> WeightFormat:
    """Return the format the engine could make while loading; none for a checkpoint that is already quantized."""
    if setup.shape is not None and setup.shape.stored.format is not WeightFormat.NONE:
        return WeightFormat.NONE
    capability = setup.accelerator.capability if setup.accelerator else TURING
    return formats.nearest(capability, stored=False, experts=_has_experts(setup))


def _has_experts(setup: EngineSetup) -> bool:
    return setup.shape is not None and setup.shape.experts is not None


def _four_bits_while_loading(setup: EngineSetup) -> WeightFormat:
    old = setup.accelerator is not None and setup.accelerator.capability < TURING
    return WeightFormat.NONE if old else WeightFormat.MXFP4


def _refusal(setup: EngineSetup, reason: EngineReason, because: str, remedy: str) -> SpecRefusal:
    return SpecRefusal(field=FIELD, value=setup.engine.weights, reason=reason, because=because, remedy=remedy)

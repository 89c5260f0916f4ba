"""Whether one replica can be spread over its GPUs as the spec sets it."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.engines.vllm import memory
from fairlead.fleet.findings import SpecRefusal

_SHARDED: Final = "--fully-sharded-loras"
_EXPERT_FLAGS: Final = ("--enable-expert-parallel", "-ep", "--enable-eplb")


def no_experts_to_spread(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Number of experts in the model must be greater than 0 when expert parallelism is enabled."."""
    if setup.shape is None or setup.shape.experts is not None or not setup.gives(*_EXPERT_FLAGS):
        return None
    return SpecRefusal(
        field="spec.engine.extraArgs",
        value="--enable-expert-parallel",
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because=f"{setup.shape.name} has no experts",
        remedy="remove it",
    )


def balanced_experts_without_spread(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "enable_expert_parallel must be True to use EPLB.", and more than one GPU to balance between."""
    if not setup.gives("--enable-eplb"):
        return None
    degrees = setup.revision.parallelism
    if setup.gives("--enable-expert-parallel", "-ep") and degrees.tensor * degrees.data > 1:
        return None
    return SpecRefusal(
        field="spec.engine.extraArgs",
        value="--enable-eplb",
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because="experts are balanced only if --enable-expert-parallel spreads them over several GPUs",
        remedy="remove it, or add --enable-expert-parallel and set spec.parallelism.tensor to 2 or more",
    )


def adapters_divided_twice(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Fused MoE LoRA does not support enable_expert_parallel=True together with fully_sharded_loras=True."."""
    found, shape, degrees = memory.settings(setup), setup.shape, setup.revision.parallelism
    adapted = shape is not None and shape.experts is not None and found.adapter_ranks and found.adapter_experts
    spread = found.expert_parallel and degrees.tensor * degrees.data > 1
    if not adapted or not spread or not setup.gives(_SHARDED):
        return None
    return SpecRefusal(
        field="spec.engine.extraArgs",
        value=_SHARDED,
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because="--enable-expert-parallel spreads the experts that adapters change, and vLLM divides them in one way",
        remedy="remove it, or remove --enable-expert-parallel",
    )

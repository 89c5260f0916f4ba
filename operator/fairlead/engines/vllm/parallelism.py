"""Whether one replica can be spread over its GPUs as the spec sets it."""

from typing import Final

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count

_EXPERT_FLAGS: Final = ("--enable-expert-parallel", "-ep", "--enable-eplb")


def heads_not_divisible(setup: EngineSetup) -> SpecRefusal | None:
    """Mirrors "Total number of attention heads (4) must be divisible by tensor parallel size (3)."; KV heads repeat."""
    tensor = setup.wanted.parallelism.tensor
    if setup.shape is None or tensor < 1 or setup.shape.heads % tensor == 0:
        return None
    heads = setup.shape.heads
    below = next(less for less in range(tensor, 0, -1) if heads % less == 0)
    return SpecRefusal(
        field="spec.parallelism.tensor",
        value=str(tensor),
        reason=EngineReason.HEADS_NOT_DIVISIBLE,
        because=f"{count(tensor, 'GPU')} cannot share the {heads} attention heads of {setup.shape.name} evenly",
        remedy=f"write {below}",
    )


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
    degrees = setup.wanted.parallelism
    if setup.gives("--enable-expert-parallel", "-ep") and degrees.tensor * degrees.data > 1:
        return None
    return SpecRefusal(
        field="spec.engine.extraArgs",
        value="--enable-eplb",
        reason=EngineReason.ARGUMENT_CONFLICTS,
        because="experts are balanced only where --enable-expert-parallel spreads them over several GPUs",
        remedy="remove it, or add --enable-expert-parallel and set spec.parallelism.tensor to 2 or more",
    )

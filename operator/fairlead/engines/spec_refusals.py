"""What every engine refuses in the same way; each kind cites its own source."""

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.accelerators import ComputeCapability
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count


def degree_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """Nothing can be spread over less than one GPU."""
    degrees = setup.wanted.parallelism
    for name, degree in (("tensor", degrees.tensor), ("pipeline", degrees.pipeline), ("data", degrees.data)):
        if degree < 1:
            return SpecRefusal(
                field=f"spec.parallelism.{name}",
                value=str(degree),
                reason=EngineReason.OUT_OF_RANGE,
                because="must be at least 1",
                remedy="write 1",
            )
    return None


def too_few_gpus(setup: EngineSetup) -> SpecRefusal | None:
    """Each rank takes a GPU; processors have none to count."""
    needed, given = setup.wanted.parallelism.gpus, setup.wanted.gpus_per_replica
    if setup.on_cpu or needed <= given:
        return None
    degrees = setup.wanted.parallelism
    return SpecRefusal(
        field="spec.accelerator.count",
        value=str(given),
        reason=EngineReason.GPUS_DIFFER,
        because=f"tensor {degrees.tensor} times pipeline {degrees.pipeline} times data {degrees.data} "
        f"takes {count(needed, 'GPU')}",
        remedy=f"write {needed}, or less parallelism",
    )


def gpu_too_old(setup: EngineSetup, least: ComputeCapability, engine: str) -> SpecRefusal | None:
    """An engine without kernels for this GPU computes nothing at all."""
    gpu = setup.accelerator
    if setup.on_cpu or gpu is None or gpu.capability >= least:
        return None
    return SpecRefusal(
        field="spec.accelerator.product",
        value=gpu.product,
        reason=EngineReason.DTYPE_NEEDS_CAPABILITY,
        because=f"{engine} needs compute capability {least}, and it has {gpu.capability}",
        remedy="write engine.kind: vLLM, or take a newer GPU",
    )


def context_too_long(setup: EngineSetup, unless: str = "") -> SpecRefusal | None:
    """Above the model's positions, unless a variable of the engine turns its refusal off."""
    tokens, shape = setup.engine.max_context_tokens, setup.shape
    if tokens is None or shape is None or tokens <= shape.positions or setup.variable(unless) == "1":
        return None
    return SpecRefusal(
        field="spec.engine.context.maxTokens",
        value=str(tokens),
        reason=EngineReason.CONTEXT_TOO_LONG,
        because=f"{shape.name} was made for {count(shape.positions, 'token')}",
        remedy=f"write {shape.positions} or less",
    )


def adapter_name_taken(setup: EngineSetup) -> SpecRefusal | None:
    """The model and its adapters share one namespace; a request could not say which it means."""
    taken = {setup.wanted.model.served_name}
    for index, adapter in enumerate(setup.engine.adapters):
        if adapter.name in taken:
            return SpecRefusal(
                field=f"spec.engine.adapters[{index}].name",
                value=adapter.name,
                reason=EngineReason.ADAPTER_NAME_TAKEN,
                because="the model or another adapter is served under this name",
                remedy="give the adapter a name of its own",
            )
        taken.add(adapter.name)
    return None


def adapter_rank_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """An adapter's rank is at least one; an engine that supports only some ranks has its own rule."""
    for index, adapter in enumerate(setup.engine.adapters):
        if adapter.rank < 1:
            return SpecRefusal(
                field=f"spec.engine.adapters[{index}].rank",
                value=str(adapter.rank),
                reason=EngineReason.OUT_OF_RANGE,
                because="must be at least 1",
                remedy="write the rank the adapter was trained with",
            )
    return None


def heads_not_divisible(setup: EngineSetup) -> SpecRefusal | None:
    """Attention heads are divided evenly; KV heads are too, or each is repeated equally often."""
    tensor, shape = setup.wanted.parallelism.tensor, setup.shape
    if shape is None or tensor < 1 or shape.divides_heads(tensor):
        return None
    below = next(less for less in range(tensor, 0, -1) if shape.divides_heads(less))
    odd = f"{shape.heads} attention heads" if shape.heads % tensor else f"{shape.kv_heads} KV heads"
    return SpecRefusal(
        field="spec.parallelism.tensor",
        value=str(tensor),
        reason=EngineReason.HEADS_NOT_DIVISIBLE,
        because=f"{count(tensor, 'GPU')} cannot share the {odd} of {shape.name} evenly",
        remedy=f"write {below}",
    )

"""What every engine refuses in the same way; each kind cites its own source."""

from collections.abc import Callable
from dataclasses import replace

from fairlead.engines.engine_setup import EngineSetup
from fairlead.engines.reasons import EngineReason
from fairlead.fleet.accelerators import ComputeCapability
from fairlead.fleet.engine_memory import MemorySettings
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count
from fairlead.fleet.shapes import ModelShape


def degree_out_of_range(setup: EngineSetup) -> SpecRefusal | None:
    """Nothing can be spread over less than one GPU."""
    degrees = setup.revision.parallelism
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
    needed, given = setup.revision.parallelism.gpus, setup.revision.gpus_per_replica
    if setup.on_cpu or needed <= given:
        return None
    degrees = setup.revision.parallelism
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


def context_too_long(setup: EngineSetup, unless: str = "", lengthened_by: str = "") -> SpecRefusal | None:
    """Above the model's positions, unless a variable of the engine turns its refusal off. An argument may change what
    the model's configuration says; its length is then for the user to state."""
    tokens, shape = setup.engine.max_context_tokens, setup.shape
    if tokens is None or shape is None or tokens <= shape.positions or setup.switched_on(unless):
        return None
    return SpecRefusal(
        field="spec.engine.context.maxTokens",
        value=str(tokens),
        reason=EngineReason.CONTEXT_TOO_LONG,
        because=f"{shape.name} was made for {count(shape.positions, 'token')}",
        remedy=f"write {shape.positions} or less{_stated(setup, tokens, lengthened_by)}",
    )


def _stated(setup: EngineSetup, tokens: int, flag: str) -> str:
    if not setup.gives(flag):
        return ""
    return f"; if {flag} lengthens it, write {tokens} as spec.model.shape.maxPosition too"


def adapter_name_taken(setup: EngineSetup) -> SpecRefusal | None:
    """The model and its adapters share one namespace; a request could not say which it means."""
    taken = {setup.revision.model.served_name}
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


def heads_not_divisible(
    setup: EngineSetup, settings: Callable[[EngineSetup], MemorySettings], *, tables: bool = True
) -> SpecRefusal | None:
    """Attention heads are divided evenly; KV heads are too, or each is repeated equally often; then tables and dense
    layers, by engines that do not pad them further. What has all of attention divides none of its heads."""
    shape, tensor = setup.shape, setup.revision.parallelism.tensor
    if shape is None or tensor < 1:
        return None
    each = _gpus_a_rank(setup, settings, tensor)
    if shape.divides_heads(each) and (not tables or shape.divides_tables(tensor)):
        return None
    smaller = (less for less in range(tensor - 1, 0, -1) if shape.divides_tables(less))
    below = next(less for less in smaller if shape.divides_heads(_gpus_a_rank(setup, settings, less)))
    return SpecRefusal(
        field="spec.parallelism.tensor",
        value=str(tensor),
        reason=EngineReason.HEADS_NOT_DIVISIBLE,
        because=f"{count(tensor, 'GPU')} cannot share the {_uneven(shape, each, tensor)} of {shape.name} evenly",
        remedy=f"write {below}",
    )


def _gpus_a_rank(setup: EngineSetup, settings: Callable[[EngineSetup], MemorySettings], tensor: int) -> int:
    """Return how many of so many GPUs hold one copy of attention."""
    revision = replace(setup.revision, parallelism=replace(setup.revision.parallelism, tensor=tensor))
    return max(1, tensor // settings(replace(setup, revision=revision)).attention_ranks)


def _uneven(shape: ModelShape, each: int, tensor: int) -> str:
    """Return what the GPUs of a rank, or all, cannot share."""
    if shape.heads % each:
        return f"{shape.heads} attention heads"
    if not replace(shape, recurrent=None).divides_heads(each):
        return f"{shape.kv_heads} KV heads"
    if not shape.divides_heads(each):
        return "heads of linear attention"
    return (
        f"{shape.padded_vocab} rows of the vocabulary" if shape.padded_vocab % tensor else "width of the dense layers"
    )

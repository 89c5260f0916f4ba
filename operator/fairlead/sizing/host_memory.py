"""The memory model of a processor: a replica's own main memory, less what the engine takes, is the KV cache.

No driver, no graphs, and no share that is left alone. The engine is told its cache instead of measuring what is left,
so the cache is decided here, in steps that the engine can be told.
"""

import math

from fairlead.fleet.engine_memory import HostMemory
from fairlead.fleet.fit import Estimate, MemoryBreakdown
from fairlead.sizing import activations, measured_error, weights
from fairlead.sizing.adapters import adapters
from fairlead.sizing.sizing_input import GIB, SizingInput


def memory(question: SizingInput) -> MemoryBreakdown:
    """Bytes of one replica, by what takes them. Only the processes were measured; the rest was read in the engine's
    source, and activations are taken to be those of a GPU, with the error that was measured there."""
    budget = Estimate.exact(question.accelerator.memory_bytes)
    held, drafted = _weights(question), weights.draft(question)
    peak, outside, slots = activations.peak(question), _framework(question), adapters(question)
    left = budget.minus(held).minus(drafted).minus(slots).minus(peak).minus(outside)
    return MemoryBreakdown(
        budget=budget,
        weights=held,
        draft=drafted,
        adapters=slots,
        activations=peak,
        graphs=Estimate.exact(0),
        framework=outside,
        kv=left.wider(measured_error.SHARE * question.doubt * peak.likely),
    )


def settable(question: SizingInput, left: float) -> float:
    """The largest KV cache within this memory that the engine can be told."""
    step = _host(question).cache_step_bytes
    return max(0, math.floor(left / step)) * step


def settable_above(question: SizingInput, needed: float) -> float:
    """The smallest KV cache of at least this size that the engine can be told."""
    step = _host(question).cache_step_bytes
    return math.ceil(needed / step) * step


def _weights(question: SizingInput) -> Estimate:
    """With a packed copy of each table of the vocabulary, where the engine makes one."""
    plain, shape = weights.bytes_on_fullest_gpu(question), question.shape
    if not _host(question).packs_tables:
        return plain
    table = weights.padded_vocabulary(shape) * shape.hidden * question.dtype_bytes
    packed = table if shape.tied else 2 * table
    return Estimate(plain.low, plain.likely + packed, plain.high + packed)


def _framework(question: SizingInput) -> Estimate:
    """The processes; and at most once more the weights, since the pages of their files count as used memory when the
    engine compares its cache with what is free, though the kernel could drop them."""
    host = _host(question)
    files = weights.bytes_on_fullest_gpu(question).high + weights.draft(question).high
    return Estimate(host.processes_gib * GIB, host.processes_gib * GIB, host.processes_high_gib * GIB + files)


def _host(question: SizingInput) -> HostMemory:
    host = question.release.host
    assert host is not None, "the schema refuses product CPU for an engine without a build for it"
    return host

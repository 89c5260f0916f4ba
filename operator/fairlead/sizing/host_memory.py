"""The memory model of a processor: the KV cache is the replica's main memory minus what the engine takes.

There are no driver, no graphs, and no unused share. The engine does not measure what is left but gets its cache as a
setting, so the size is decided here, in the setting's steps.
"""

import math

from fairlead.fleet.engine_memory import HostMemory
from fairlead.fleet.fit import Estimate, MemoryBreakdown
from fairlead.sizing import activations, measured_error, weights
from fairlead.sizing.adapters import adapters
from fairlead.sizing.sizing_input import GIB, SizingInput


def memory(question: SizingInput) -> MemoryBreakdown:
    """Return the bytes of one replica, by what takes them. Only the processes were measured; the rest was read in the
    engine's source, and activations are assumed to equal those of a GPU, with the error that was measured there."""
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
    """Return the largest KV cache within this memory that can be set."""
    step = _host(question).cache_step_bytes
    return max(0, math.floor(left / step)) * step


def settable_above(question: SizingInput, needed: float) -> float:
    """Return the smallest KV cache of at least this size that can be set."""
    step = _host(question).cache_step_bytes
    return math.ceil(needed / step) * step


def _weights(question: SizingInput) -> Estimate:
    """Return the weights, with a packed copy of each vocabulary table if the engine makes one."""
    plain, shape = weights.bytes_on_fullest_gpu(question), question.shape
    if not _host(question).packs_tables:
        return plain
    table = weights.padded_vocabulary(shape) * shape.hidden * question.dtype_bytes
    packed = table if shape.tied else 2 * table
    return Estimate(plain.low, plain.likely + packed, plain.high + packed)


def _framework(question: SizingInput) -> Estimate:
    """Return the processes and, at most, the weights once more: the engine compares its cache with free memory, and the
    pages of the weights' files count as used although the kernel could drop them."""
    host = _host(question)
    files = weights.bytes_on_fullest_gpu(question).high + weights.draft(question).high
    return Estimate(host.processes_gib * GIB, host.processes_gib * GIB, host.processes_high_gib * GIB + files)


def _host(question: SizingInput) -> HostMemory:
    host = question.release.host
    assert host is not None, "the schema refuses product CPU for an engine without a build for it"
    return host

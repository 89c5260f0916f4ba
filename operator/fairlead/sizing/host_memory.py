"""The memory model of a processor: the KV cache is the replica's main memory minus what the engine takes.

No driver, no graphs, no unused share. The engine gets its cache as a setting instead of measuring what is left, so the
size is decided here, in the setting's steps.
"""

import math

from fairlead.fleet.engine_memory import HostMemory
from fairlead.fleet.fit import Estimate, MemoryBreakdown
from fairlead.sizing import activations, measured_error, weights
from fairlead.sizing.adapters import adapters
from fairlead.sizing.sizing_input import GIB, SizingInput


def memory(sizing: SizingInput) -> MemoryBreakdown:
    """Return bytes of one replica, by what takes them. Only the processes were measured; the rest was read in the
    engine's source, and activations are assumed to equal a GPU's, with the error measured there."""
    budget = Estimate.exact(sizing.accelerator.memory_bytes)
    held, drafted = _weights(sizing), weights.draft(sizing)
    peak, outside, slots = activations.peak(sizing), _framework(sizing), adapters(sizing)
    left = budget.minus(held).minus(drafted).minus(slots).minus(peak).minus(outside)
    return MemoryBreakdown(
        budget=budget,
        weights=held,
        draft=drafted,
        adapters=slots,
        activations=peak,
        graphs=Estimate.exact(0),
        framework=outside,
        kv=left.wider(measured_error.SHARE * sizing.doubt * peak.likely),
    )


def settable(sizing: SizingInput, left: float) -> float:
    """Return the largest possible KV cache setting within this memory."""
    step = _host(sizing).cache_step_bytes
    return max(0, math.floor(left / step)) * step


def settable_above(sizing: SizingInput, needed: float) -> float:
    """Return the smallest possible KV cache setting of at least this size."""
    step = _host(sizing).cache_step_bytes
    return math.ceil(needed / step) * step


def _weights(sizing: SizingInput) -> Estimate:
    """Return the weights, with packed copies of the vocabulary tables if the engine makes them."""
    plain, shape = weights.bytes_on_fullest_gpu(sizing), sizing.shape
    if not _host(sizing).packs_tables:
        return plain
    table = shape.padded_vocab * shape.hidden * sizing.dtype_bytes
    packed = table if shape.tied else 2 * table
    return Estimate(plain.low, plain.likely + packed, plain.high + packed)


def _framework(sizing: SizingInput) -> Estimate:
    """Return the processes plus, at most, the weights again: the engine compares its cache with free memory, where the
    pages of the weights' files count as used although the kernel could drop them."""
    host = _host(sizing)
    files = weights.bytes_on_fullest_gpu(sizing).high + weights.draft(sizing).high
    return Estimate(host.processes_gib * GIB, host.processes_gib * GIB, host.processes_high_gib * GIB + files)


def _host(sizing: SizingInput) -> HostMemory:
    host = sizing.release.host
    assert host is not None, "the schema refuses product CPU for an engine without a build for it"
    return host

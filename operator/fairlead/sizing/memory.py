"""The memory model: what the engine may use, less what it needs, is the cache.

`requested = visible x utilisation; cache = requested - weights - draft - adapters - activations - graphs - framework`.

Terms have a span of their own only where the question says why (an unread checkpoint, an undescribed image tower). The
error of the rest is not known term by term: it was measured on the cache of starts, in bytes, as one span.

An engine with a static share makes its cache before it has computed anything: activations and graphs are not among its
terms then, and live in what the share leaves. An engine that shares the rest makes its cache of a part of what is left
beside all terms, and leaves the other part alone.
"""

from typing import Final

from fairlead.fleet.fit import Estimate, MemoryBreakdown
from fairlead.sizing import activations, host_memory, measured_error, overheads, weights
from fairlead.sizing.adapters import adapters
from fairlead.sizing.sizing_input import GIB, SizingInput

ALWAYS: Final = 1 * GIB
"""Counted among the loosely known on every card: the driver's own, rounding, what else runs there."""


def memory(question: SizingInput) -> MemoryBreakdown:
    """Bytes on the fullest GPU, by what takes them; on a processor those of the replica."""
    if question.accelerator.is_cpu:
        return host_memory.memory(question)
    budget = overheads.visible(question.accelerator).times(question.share)
    held, drafted = weights.bytes_on_fullest_gpu(question), weights.draft(question)
    peak, captured, outside = activations.peak(question), overheads.graphs(question), overheads.framework(question)
    slots = adapters(question)
    if question.static_share is not None:
        peak = captured = Estimate.exact(0)
    loose = ALWAYS + peak.likely + outside.likely
    left = budget.minus(held).minus(drafted).minus(slots).minus(peak).minus(outside)
    if question.release.sets_graphs_aside:
        left, loose = left.minus(captured), loose + captured.likely
    share = question.cache_share if left.likely > 0 else 1.0
    budget, left = budget.minus(left.times(1 - share)), left.times(share)
    return MemoryBreakdown(
        budget=budget,
        weights=held,
        draft=drafted,
        adapters=slots,
        activations=peak,
        graphs=captured,
        framework=outside,
        kv=left.wider(measured_error.SHARE * question.doubt * loose),
    )


def usable_cache(question: SizingInput, left: float) -> float:
    """What the engine makes its KV cache of; on a processor it is told in whole steps."""
    return host_memory.settable(question, left) if question.accelerator.is_cpu else left


def least_cache(question: SizingInput, needed: float) -> float:
    """The smallest KV cache of at least this size that an engine on a processor can be told."""
    return host_memory.settable_above(question, needed)


def unshared(question: SizingInput, counted: MemoryBreakdown) -> Estimate:
    """What the engine leaves alone of the GPU; some capture graphs in it."""
    return overheads.visible(question.accelerator).minus(counted.budget)

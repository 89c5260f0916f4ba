"""The memory model: what the engine may use minus what it needs is the cache.

`requested = visible x utilisation; cache = requested - weights - draft - adapters - activations - graphs - framework`.

Terms have a span of their own only if the input gives a reason (an unread checkpoint, an undescribed image tower). The
error of the others is not known term by term: it was measured on the cache of starts, in bytes, as one span.

An engine with a static share creates its cache before it has computed anything: activations and graphs are then no
terms, and live in what the share leaves. An engine that shares the rest uses part of what all terms leave as its cache,
and leaves the other part unused.
"""

from typing import Final

from fairlead.fleet.fit import Estimate, MemoryBreakdown
from fairlead.sizing import activations, host_memory, measured_error, overheads, weight_offload, weights
from fairlead.sizing.adapters import adapters
from fairlead.sizing.sizing_input import GIB, SizingInput

ALWAYS: Final = 1 * GIB
"""Added to the uncertain terms on every card: the driver's own, rounding, other programs on the GPU."""


def memory(question: SizingInput) -> MemoryBreakdown:
    """Return bytes on the fullest GPU, or of the replica on a processor, by what takes them."""
    if question.accelerator.is_cpu:
        return host_memory.memory(question)
    budget = overheads.visible(question.accelerator).times(question.share)
    held, drafted = weight_offload.on_gpu(question), weights.draft(question)
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
        offloaded=weight_offload.in_main_memory(question),
        host_cache=question.host_cache_bytes,
    )


def is_overfull(question: SizingInput, counted: MemoryBreakdown) -> bool:
    """Return whether weights alone surely exceed a static share: no doubt about work helps, since work is no term."""
    if question.static_share is None:
        return False
    return counted.weights.low + counted.draft.low + counted.adapters.low >= counted.budget.high


def usable_cache(question: SizingInput, left: float) -> float:
    """Return the memory that becomes the KV cache; on a processor it is set in whole steps."""
    return host_memory.settable(question, left) if question.accelerator.is_cpu else left


def least_cache(question: SizingInput, needed: float) -> float:
    """Return the smallest KV cache setting of at least this size on a processor."""
    return host_memory.settable_above(question, needed)


def unshared(question: SizingInput, counted: MemoryBreakdown) -> Estimate:
    """Return what the engine leaves unused of the GPU; some capture graphs in it."""
    return overheads.visible(question.accelerator).minus(counted.budget)

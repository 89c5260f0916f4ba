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
from fairlead.sizing import (
    activations,
    host_memory,
    kv_pages,
    measured_error,
    overheads,
    weight_offload,
    weights,
)
from fairlead.sizing.adapters import adapters
from fairlead.sizing.sizing_input import GIB, SizingInput

ALWAYS: Final = 1 * GIB
"""Added to the uncertain terms on every card: the driver's own, rounding, other programs on the GPU."""


def memory(sizing: SizingInput) -> MemoryBreakdown:
    """Return bytes on the fullest GPU, or of the replica on a processor, by what takes them."""
    if sizing.accelerator.is_cpu:
        return host_memory.memory(sizing)
    budget = overheads.visible(sizing.accelerator).times(sizing.share)
    held, drafted = weight_offload.on_gpu(sizing), weights.draft(sizing)
    peak, captured, outside = activations.peak(sizing), overheads.graphs(sizing), overheads.framework(sizing)
    slots = adapters(sizing)
    if sizing.static_share is not None:
        peak = captured = Estimate.exact(0)
    loose = ALWAYS + peak.likely + outside.likely
    left = budget.minus(held).minus(drafted).minus(slots).minus(peak).minus(outside)
    if sizing.sets_graphs_aside:
        left, loose = left.minus(captured), loose + captured.likely
    share = sizing.cache_share if left.likely > 0 else 1.0
    budget, left = budget.minus(left.times(1 - share)), left.times(share)
    return MemoryBreakdown(
        budget=budget,
        weights=held,
        draft=drafted,
        adapters=slots,
        activations=peak,
        graphs=captured,
        framework=outside,
        kv=_at_most(sizing, left.wider(measured_error.SHARE * sizing.doubt * loose)),
        offloaded=weight_offload.in_main_memory(sizing),
        host_cache=sizing.host_cache_bytes,
    )


def _at_most(sizing: SizingInput, left: Estimate) -> Estimate:
    """Return the cache: all that is left, or the size that was stated, if there is room for it."""
    most = stated_cache(sizing)
    return left if most is None else Estimate(min(left.low, most), min(left.likely, most), min(left.high, most))


def stated_cache(sizing: SizingInput) -> float | None:
    """Return the size of each GPU's KV cache that the arguments state, in bytes or in blocks; None: they do not."""
    blocks = None if sizing.cache_blocks is None else sizing.cache_blocks * kv_pages.pool(sizing).page_bytes
    return min((one for one in (sizing.cache_bytes, blocks) if one is not None), default=None)


def is_overfull(sizing: SizingInput, breakdown: MemoryBreakdown) -> bool:
    """Return whether weights alone surely exceed a static share: no doubt about work helps, since work is no term."""
    if sizing.static_share is None:
        return False
    return breakdown.weights.low + breakdown.draft.low + breakdown.adapters.low >= breakdown.budget.high


def usable_cache(sizing: SizingInput, left: float) -> float:
    """Return the memory that becomes the KV cache; on a processor it is set in whole steps."""
    return host_memory.settable(sizing, left) if sizing.accelerator.is_cpu else left


def least_cache(sizing: SizingInput, needed: float) -> float:
    """Return the smallest KV cache setting of at least this size on a processor."""
    return host_memory.settable_above(sizing, needed)


def unshared(sizing: SizingInput, breakdown: MemoryBreakdown) -> Estimate:
    """Return what the engine leaves unused of the GPU; some capture graphs in it."""
    return overheads.visible(sizing.accelerator).minus(breakdown.budget)

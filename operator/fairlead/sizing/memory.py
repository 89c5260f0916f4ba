"""The memory model: what the engine may use, less what it needs, is the cache.

`requested = visible x utilisation; cache = requested - weights - draft - adapters - activations - graphs - framework`.
"""

from fairlead.fleet.fit import Estimate, MemoryBreakdown
from fairlead.sizing import activations, overheads, weights
from fairlead.sizing.adapters import adapters
from fairlead.sizing.sizing_input import SizingInput


def memory(question: SizingInput) -> MemoryBreakdown:
    """Bytes on the fullest GPU, by what takes them."""
    budget = overheads.visible(question.accelerator).times(question.share)
    held, drafted = weights.bytes_on_fullest_gpu(question), weights.draft(question)
    peak, captured, outside = activations.peak(question), overheads.graphs(question), overheads.framework(question)
    slots = adapters(question)
    left = budget.minus(held).minus(drafted).minus(slots).minus(peak).minus(outside)
    if question.release.sets_graphs_aside:
        left = left.minus(captured)
    return MemoryBreakdown(
        budget=budget,
        weights=held,
        draft=drafted,
        adapters=slots,
        activations=peak,
        graphs=captured,
        framework=outside,
        kv=left,
    )


def unshared(question: SizingInput) -> Estimate:
    """The share of the GPU the engine leaves alone; older releases capture graphs in it."""
    return overheads.visible(question.accelerator).times(1 - question.share)

"""Memory that is neither weights nor activations nor cache: what the driver keeps, libraries take and graphs need."""

from typing import Final

from fairlead.fleet.accelerators import MIB, Accelerator
from fairlead.fleet.fit import Estimate
from fairlead.sizing.sizing_input import GIB, SizingInput

_GRAPH_BASE: Final = 0.25 * GIB
_GRAPH_NODE: Final = 0.36 * MIB
"""One layer at one batch size, captured twice (whole, and in pieces around attention)."""
_LARGEST: Final = 512


def visible(accelerator: Accelerator) -> Estimate:
    """Bytes the engine sees: the driver keeps near half a GiB, on the largest cards 0.4 percent."""
    if accelerator.visible_mib is not None:
        return Estimate.exact(accelerator.visible_mib * MIB)
    total = accelerator.memory_bytes
    kept = max(0.455 * GIB, 0.004 * total)
    return Estimate(total - 1.4 * kept, total - kept, total - 0.6 * kept)


def framework(question: SizingInput) -> Estimate:
    """The driver's context grows with loaded kernels; GPUs that exchange data need buffers too."""
    single = question.release.context_gib
    low, likely, high = 0.07, single, single + 0.2 * question.doubt
    layout = question.parallelism
    if layout.tensor > 1 and _switched(question.accelerator):
        many = 0.03 * (layout.tensor - 2)
        low, likely, high = question.release.switched_gib, 2.07 + many, 2.5 + 2 * many
    elif layout.tensor > 1:
        low, likely, high = low + 0.05, likely + 0.25, high + 1.2
    elif layout.pipeline > 1:
        low, likely, high = 0.05, 0.07, 0.5
    return Estimate(low, likely, high).times(GIB)


def _switched(accelerator: Accelerator) -> bool:
    """Hopper and data-centre Blackwell with an NVLink switch: symmetric memory for all-reduce, near 1.8 GiB."""
    return accelerator.capability.major in {9, 10} and "PCIe" not in accelerator.product


def graph_sizes(question: SizingInput) -> int:
    """Batch sizes that are captured: 1, 2, 4, by eight to 256, by sixteen to twice the largest batch, 512 at most."""
    most = min(2 * question.batch_sequences * (1 + question.drafting.tokens), _LARGEST)
    small = sum(1 for size in (1, 2, 4) if size <= most)
    return small + min(most, 256) // 8 + max(0, most - 256) // 16


def graphs(question: SizingInput) -> Estimate:
    """What capture takes; kernels differ, so low is 0.6 times and high 1.5 times the likely figure."""
    if question.eager:
        return Estimate.exact(0)
    layers = question.shape.layers / question.parallelism.pipeline
    likely = _GRAPH_BASE + layers * graph_sizes(question) * _GRAPH_NODE
    return Estimate(likely * 0.6, likely, likely * 1.5)

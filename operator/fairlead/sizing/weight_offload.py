"""Weights that an engine leaves in main memory (`--cpu-offload-gb`), so that they take no memory of a GPU.

Parameters of decoder layers move whole until the limit is reached, so the last one may exceed it; embedding, head,
image tower and the table of positions stay. A format made while loading counts before it is made: the limit is of
16-bit parameters, and what it saves is smaller.
"""

from collections.abc import Callable

from fairlead.fleet.fit import Estimate
from fairlead.sizing import weights
from fairlead.sizing.sizing_input import SizingInput
from fairlead.sizing.weights import StageWeights


def on_gpu(sizing: SizingInput) -> Estimate:
    """Return the bytes of weights that stay on the fullest GPU."""
    whole = weights.bytes_on_fullest_gpu(sizing)
    return whole.minus(_saved(sizing)) if sizing.offload.gpu_bytes else whole


def in_main_memory(sizing: SizingInput) -> float:
    """Return the bytes that all GPUs of a replica together keep in main memory."""
    each = sizing.parallelism.tensor * sizing.parallelism.data
    return each * sum(min(sizing.offload.gpu_bytes, one.layers) for one in weights.stages(sizing))


def _saved(sizing: SizingInput) -> Estimate:
    """Return what the fullest GPU saves: least if names choose the parameters, most with the last one in full."""
    limit = sizing.offload.gpu_bytes
    made = weights.BYTES[sizing.format] / sizing.dtype_bytes if _made_while_loading(sizing) else 1.0
    likely = _difference(sizing, lambda one: min(limit * made, one.layers))
    most = _difference(sizing, lambda one: min(limit + one.layers / max(1, one.number), one.layers))
    return Estimate(0.0 if sizing.offload.named else likely, likely, most)


def _difference(sizing: SizingInput, moved: Callable[[StageWeights], float]) -> float:
    """Return how much less the fullest GPU holds, which then may be one of another stage."""
    stages = weights.stages(sizing)
    before = max(one.layers + one.tables for one in stages)
    return before - max(one.layers + one.tables - moved(one) for one in stages)


def _made_while_loading(sizing: SizingInput) -> bool:
    return sizing.format is not sizing.shape.stored.format and sizing.format in weights.BYTES

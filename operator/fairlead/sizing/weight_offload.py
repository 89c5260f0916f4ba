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


def on_gpu(question: SizingInput) -> Estimate:
    """Return the bytes of weights that stay on the fullest GPU."""
    whole = weights.bytes_on_fullest_gpu(question)
    return whole.minus(_saved(question)) if question.offload.gpu_bytes else whole


def in_main_memory(question: SizingInput) -> float:
    """Return the bytes that all GPUs of a replica together keep in main memory."""
    each = question.parallelism.tensor * question.parallelism.data
    return each * sum(min(question.offload.gpu_bytes, one.layers) for one in weights.stages(question))


def _saved(question: SizingInput) -> Estimate:
    """Return what the fullest GPU saves: least if names choose the parameters, most with the last one in full."""
    limit = question.offload.gpu_bytes
    made = weights.BYTES[question.format] / question.dtype_bytes if _made_while_loading(question) else 1.0
    likely = _difference(question, lambda one: min(limit * made, one.layers))
    most = _difference(question, lambda one: min(limit + one.layers / max(1, one.number), one.layers))
    return Estimate(0.0 if question.offload.named else likely, likely, most)


def _difference(question: SizingInput, moved: Callable[[StageWeights], float]) -> float:
    """Return how much less the fullest GPU holds, which then may be one of another stage."""
    stages = weights.stages(question)
    before = max(one.layers + one.tables for one in stages)
    return before - max(one.layers + one.tables - moved(one) for one in stages)


def _made_while_loading(question: SizingInput) -> bool:
    return question.format is not question.shape.stored.format and question.format in weights.BYTES

"""Memory that the engine reserves for LoRA adapters before any is loaded: full slots, all of the highest rank."""

from fairlead.fleet.fit import Estimate
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing.sizing_input import SizingInput


def adapters(question: SizingInput) -> Estimate:
    """Return two thin matrices beside every linear layer, per slot. Experts are adapted only if an adapter does."""
    if not question.adapters:
        return Estimate.exact(0)
    layout = question.parallelism
    slots, rank = len(question.adapters), max(question.adapters)
    whole = slots * rank * widths(question.shape) * question.dtype_bytes / layout.pipeline
    return Estimate(whole / layout.tensor, whole * (1 + 1 / layout.tensor) / 2, whole)


def widths(shape: ModelShape) -> int:
    """Return inputs plus outputs of all adapted layers: parameters per unit of rank."""
    queries = shape.heads * shape.head_dim * (2 if shape.gated_attention else 1)
    pairs = shape.kv_heads * shape.head_dim
    attention = 4 * shape.hidden + queries + 2 * pairs + shape.heads * shape.head_dim
    inner = shape.intermediate or (shape.experts.shared_intermediate if shape.experts else 0)
    matrices = 3 if shape.gated else 2
    return shape.attention_layers * attention + shape.layers * matrices * (shape.hidden + inner)

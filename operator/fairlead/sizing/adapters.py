"""Memory that the engine reserves for LoRA adapters before any is loaded: full slots, all of the highest rank."""

from fairlead.fleet.fit import Estimate
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing.sizing_input import SizingInput


def adapters(question: SizingInput) -> Estimate:
    """Return two thin matrices beside every linear layer, per slot."""
    if not question.adapters:
        return Estimate.exact(0)
    tensor = question.parallelism.tensor
    whole = widths(question.shape)
    less, more = _expert_widths(question)
    each = len(question.adapters) * max(question.adapters) * question.dtype_bytes / question.parallelism.pipeline
    return Estimate(whole / tensor + less, whole * (1 + 1 / tensor) / 2 + more, whole + more).times(each)


def widths(shape: ModelShape) -> int:
    """Return inputs plus outputs of all adapted layers: parameters per unit of rank."""
    queries = shape.heads * shape.head_dim * (2 if shape.gated_attention else 1)
    pairs = shape.kv_heads * shape.head_dim
    attention = 4 * shape.hidden + queries + 2 * pairs + shape.heads * shape.head_dim
    inner = shape.intermediate or (shape.experts.shared_intermediate if shape.experts else 0)
    matrices = 3 if shape.gated else 2
    return shape.attention_layers * attention + shape.layers * matrices * (shape.hidden + inner)


def _expert_widths(question: SizingInput) -> tuple[float, float]:
    """Return the least and the most inputs plus outputs of the experts on one GPU.

    Gate and up projection have an input matrix each or share one. What is as wide as the model is whole on every GPU
    that has a slice of an expert, unless adapters are fully sharded too; whole experts are on one GPU each.
    """
    experts, ways = question.shape.experts, question.expert_ways
    if experts is None or not (question.release.adapts_experts and question.adapter_experts):
        return 0.0, 0.0
    number, hidden, inner = question.shape.expert_layers * experts.count, question.shape.hidden, experts.intermediate
    least = number * (2 * hidden + 3 * inner) / ways
    if question.expert_parallel:
        return least, number * 3 * (hidden + inner) / ways
    return least, number * 3 * (hidden + inner / ways)

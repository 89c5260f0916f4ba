"""Memory that the engine reserves for LoRA adapters before any is loaded: full slots, all of the highest rank."""

from collections.abc import Mapping
from typing import Final

from fairlead.fleet.fit import Estimate
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing.sizing_input import SizingInput

_EXPERTS: Final = "experts"
_JOINED: Final[Mapping[str, str]] = {
    **dict.fromkeys(("q_proj", "k_proj", "v_proj", "query", "key", "value"), "qkv_proj"),
    **dict.fromkeys(("gate_proj", "up_proj"), "gate_up_proj"),
}
"""Modules that engines join, so that slots have room for all of them if one is adapted: vLLM's
`is_in_target_modules`."""


def adapters(sizing: SizingInput) -> Estimate:
    """Return two thin matrices beside every linear layer, per slot."""
    if not sizing.adapters:
        return Estimate.exact(0)
    tensor = sizing.parallelism.tensor
    sure, whole = _dense_widths(sizing)
    less, more = _expert_widths(sizing)
    each = len(sizing.adapters) * max(sizing.adapters) * sizing.dtype_bytes / sizing.parallelism.pipeline
    return Estimate(sure / tensor + less, whole * (1 + 1 / tensor) / 2 + more, whole + more).times(each)


def widths(shape: ModelShape) -> dict[str, int]:
    """Return inputs plus outputs of all adapted layers but experts, by module: parameters per unit of rank.

    A mixture has an ordinary MLP in layers without experts alone, and in the others what its shared experts have.
    """
    queries = shape.heads * shape.head_dim * (2 if shape.gated_attention else 1)
    pairs = shape.kv_heads * shape.head_dim
    inner, routed = _inner_widths(shape), shape.experts.count if shape.experts else 0
    return {
        "qkv_proj": shape.attention_layers * (3 * shape.hidden + queries + 2 * pairs),
        "o_proj": shape.attention_layers * (shape.hidden + shape.heads * shape.head_dim),
        "gate_up_proj": inner * (2 if shape.gated else 1),
        "down_proj": inner,
        "gate": shape.expert_layers * (shape.hidden + routed),
    }


def _inner_widths(shape: ModelShape) -> int:
    """Return input plus output of one matrix of every dense MLP and every shared expert."""
    beside = shape.experts is not None and shape.experts.beside_dense
    shared = shape.experts.shared_intermediate if shape.experts else 0
    plain = shape.layers if beside else shape.layers - shape.expert_layers
    return plain * (shape.hidden + shape.intermediate) + (
        shape.expert_layers * (shape.hidden + shared) if shared else 0
    )


def _dense_widths(sizing: SizingInput) -> tuple[float, float]:
    """Return the widths that adapters surely may change, and those they may; a name that is not known may be any."""
    made, named = widths(sizing.shape), sizing.adapter_modules
    if named is None:
        return sum(made.values()), sum(made.values())
    chosen = {_JOINED.get(name, name) for name in named}
    sure = sum(made.get(name, 0) for name in chosen)
    return sure, sure if chosen <= made.keys() | {_EXPERTS} else sum(made.values())


def _expert_widths(sizing: SizingInput) -> tuple[float, float]:
    """Return the least and the most inputs plus outputs of the experts on one GPU.

    Gate and up projection have an input matrix each or share one. What is as wide as the model is whole on every GPU
    that has a slice of an expert, unless adapters are fully sharded too; whole experts are on one GPU each.
    """
    experts, ways = sizing.shape.experts, sizing.expert_ways
    if experts is None or not (sizing.release.adapts_experts and sizing.adapter_experts):
        return 0.0, 0.0
    number, hidden, inner = sizing.shape.expert_layers * experts.count, sizing.shape.hidden, experts.intermediate
    least = number * (2 * hidden + 3 * inner) / ways
    if sizing.expert_parallel:
        return least, number * 3 * (hidden + inner) / ways
    return least, number * 3 * (hidden + inner / ways)

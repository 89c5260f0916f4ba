"""What a step must read, compute and move on one GPU, per unit of the batch; efficiencies are applied elsewhere.

This is for one GPU of one data-parallel rank: ranks are assumed to be equally busy, and pipeline stages, which run one
after another, are added up. Ranks of attention share the GPUs of tensor parallelism: each GPU multiplies the tokens of
all of them by its part of the other layers, which is as much as the tokens of one rank by the parts of its own GPUs.
"""

from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.quantization import WeightFormat
from fairlead.fleet.shapes import MatrixGroup, ModelShape
from fairlead.sizing import kv_pages, links, parameters, weights
from fairlead.sizing.sizing_input import SizingInput

ROUTED_TWICE: Final = 2
"""A token is sent to its experts and back: two exchanges per expert layer."""
_FOUR_BIT_ARITHMETIC: Final = frozenset({WeightFormat.NVFP4, WeightFormat.MXFP4})
_FIRST_WITH_FOUR_BIT: Final = 10
"""Compute capability from which tensor cores multiply four-bit floats, at twice the rate of eight bits."""
_STATE_BYTES: Final = 4
"""Recurrent states are kept in float32."""
_SPARSE_TOKENS: Final = 2048
"""Tokens that sparse latent attention selects for each query (DeepSeek V3.2 and GLM 5: `index_topk`)."""
_FP8_INDEX_BYTES: Final = 1
_RACKS: Final = ("GB200", "GB300")
_NETWORK_RATE: Final = 40e9
"""Bytes a second of one 400 Gb/s network card per GPU, as in nodes of eight, minus a fifth for the protocol."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepWork:
    """Bytes and operations of one step on one GPU, all layers together."""

    dense_bytes: float
    """Weights that every step streams once."""
    dense_operations: float
    """Per token."""
    expert_bytes: float
    """All routed experts of the GPU, split over all ranks; a step streams those that its tokens use."""
    expert_operations: float
    expert_missed: float
    """Probability that a token does not use a given expert: 1 - chosen / all; 0 without experts."""
    expert_ranks: float
    """Data-parallel ranks whose tokens share the same experts."""
    context_bytes: float
    """KV cache read per token of context."""
    context_operations: float
    """Attention of one new token to one token of context while decoding."""
    sequence_bytes: float
    """KV cache read per sequence independent of its context: windows and recurrent states."""
    pair_operations: float
    """Attention of one prompt token to one token of its context."""
    prompt_operations: float
    """Attention per prompt token independent of the context: windows, states, sparse selection."""
    moved_bytes: float
    """Per token, through the links to the other GPUs."""
    sums: float
    """All-reduces per step."""
    exchanges: float
    """Exchanges per step: expert dispatches and combinations."""
    layers: float
    expert_layers: float
    mixer_layers: float
    """Layers with latent or recurrent attention, which takes several more kernels than plain heads."""
    bandwidth: float
    """Bytes a second from the data sheet."""
    linear_rate: float
    """Matrix operations a second, in the arithmetic of the weights' format."""
    attention_rate: float
    link_rate: float


def of(sizing: SizingInput) -> StepWork:
    """Return the work of a configuration, whose GPU must have known rates."""
    shape = sizing.shape
    tensor, ways, ranks = sizing.parallelism.tensor, sizing.attention_ways, sizing.expert_ranks
    experts = _expert_bytes(sizing)
    held = weights.bytes_of_all_stages(sizing)
    chosen = shape.experts.per_token / shape.experts.count if shape.experts else 0.0
    active = parameters.count(shape).get(MatrixGroup.EXPERTS, 0) * chosen
    exchanged = bool(shape.experts) and ranks * tensor > 1 and (ranks > 1 or sizing.expert_parallel)
    half = shape.expert_layers if exchanged and ranks > 1 else 0
    context, sequence, index = _cache_reads(sizing)
    return StepWork(
        dense_bytes=held - experts - _lookup(sizing),
        dense_operations=2 * (parameters.active(shape) - active) / ways,
        expert_bytes=experts,
        expert_operations=2 * active / ways,
        expert_missed=1 - chosen if shape.experts else 0.0,
        expert_ranks=ranks,
        context_bytes=context,
        context_operations=_decode_attention(shape) / ways,
        sequence_bytes=sequence,
        pair_operations=index / ways if index else _pair(shape) * shape.full_layers / ways,
        prompt_operations=_bounded_attention(shape) / ways,
        moved_bytes=_moved(sizing, half),
        sums=sum(_sums(sizing, half)),
        exchanges=ROUTED_TWICE * half,
        layers=shape.layers,
        expert_layers=shape.expert_layers,
        mixer_layers=shape.layers if shape.latent else shape.layers - shape.attention_layers,
        bandwidth=(sizing.accelerator.bandwidth_gbs or 0.0) * 1e9,
        linear_rate=rate(sizing),
        attention_rate=(sizing.accelerator.bf16_tflops or 0.0) * 1e12,
        link_rate=_link_rate(sizing),
    )


def rate(sizing: SizingInput) -> float:
    """One GPU's operations a second: in 4-bit floats if the GPU multiplies them, in 8 bits for 8-bit formats."""
    card = sizing.accelerator
    sixteen = (card.bf16_tflops or 0.0) * 1e12
    eight = (card.fp8_tflops or 0.0) * 1e12
    if sizing.format in _FOUR_BIT_ARITHMETIC and card.capability.major == _FIRST_WITH_FOUR_BIT:
        return 2 * eight or sixteen
    return eight or sixteen if sizing.format in weights.EIGHT_BIT else sixteen


def _link_rate(sizing: SizingInput) -> float:
    """The rate of the slowest link: beyond eight GPUs the network; a rack of GB200 or GB300 counts as one node."""
    product = sizing.accelerator.product
    rack = any(mark in product for mark in _RACKS)
    return _NETWORK_RATE if sizing.parallelism.gpus > 8 and not rack else links.link(product).bytes_per_second


def _expert_bytes(sizing: SizingInput) -> float:
    """All routed experts of one GPU with padding, as in sizing: the difference that twice as many would make."""
    shape = sizing.shape
    if shape.experts is None:
        return 0.0
    doubled = replace(shape, experts=replace(shape.experts, count=2 * shape.experts.count))
    return weights.bytes_of_all_stages(replace(sizing, shape=doubled)) - weights.bytes_of_all_stages(sizing)


def _lookup(sizing: SizingInput) -> float:
    """Bytes of the embedding, which is looked up and not streamed; a tied one is streamed as the output head."""
    shape = sizing.shape
    table = shape.padded_vocab * shape.hidden * sizing.dtype_bytes / sizing.attention_ways
    return 0.0 if shape.tied else table


def _cache_reads(sizing: SizingInput) -> tuple[float, float, float]:
    """Bytes per token of context, bytes per sequence, and the sparse indexer's operations per pair (0 without one)."""
    shape = sizing.shape
    element, _ = kv_pages.element_bytes(sizing)
    sequence = 0.0
    if shape.recurrent:
        state = shape.recurrent
        cells = state.value_heads * state.value_dim * state.key_dim
        sequence += 2 * state.layers * cells * _STATE_BYTES / sizing.attention_ways
    narrow = 2 * kv_pages.heads_on_a_gpu(sizing, shape.kv_heads) * shape.head_dim * element
    if shape.window:
        sequence += shape.window.layers * shape.window.tokens * narrow
    if shape.latent is None:
        return shape.full_layers * narrow, sequence, 0.0
    row = (shape.latent.kv_rank + shape.latent.rope_dim) * element
    if shape.latent.index_dim is None:
        return shape.full_layers * row, sequence, 0.0
    index = 2 * shape.latent.index_heads * shape.latent.index_dim * shape.full_layers
    key = shape.latent.index_dim * _FP8_INDEX_BYTES * shape.full_layers
    return key, sequence + shape.full_layers * _SPARSE_TOKENS * row, float(index)


def _pair(shape: ModelShape) -> float:
    """Operations per pair and layer in prefill: two products per head and dimension."""
    if shape.latent:
        return 2.0 * shape.heads * (shape.latent.nope_dim + shape.latent.rope_dim + shape.latent.value_dim)
    return 4.0 * shape.heads * (shape.wide.head_dim if shape.wide else shape.head_dim)


def _decode_attention(shape: ModelShape) -> float:
    """Operations per token of context; latent attention decodes in the compressed space, which is wider than a head."""
    if shape.latent is None:
        return _pair(shape) * shape.full_layers
    if shape.latent.index_dim is not None:
        return 2.0 * shape.latent.index_heads * shape.latent.index_dim * shape.full_layers
    return 2.0 * shape.heads * (2 * shape.latent.kv_rank + shape.latent.rope_dim) * shape.full_layers


def _bounded_attention(shape: ModelShape) -> float:
    bounded = 0.0
    if shape.window:
        bounded += shape.window.layers * 4.0 * shape.heads * shape.head_dim * shape.window.tokens
    if shape.recurrent:
        state = shape.recurrent
        bounded += state.layers * 4.0 * state.value_heads * state.value_dim * state.key_dim
    if shape.latent and shape.latent.index_dim is not None:
        bounded += _pair(shape) * shape.full_layers * _SPARSE_TOKENS
    return bounded


def _sums(sizing: SizingInput, exchanged_layers: int) -> tuple[int, int]:
    """All-reduces of a step: after attention, by the GPUs of a rank, and after the rest of a layer, by all. Ranks of
    attention exchange their tokens there instead where a layer has experts."""
    layers, ranked = sizing.shape.layers, sizing.attention_ranks > 1
    others = layers - exchanged_layers if ranked else layers
    return layers if sizing.attention_ways > 1 else 0, others if sizing.parallelism.tensor > 1 else 0


def _moved(sizing: SizingInput, exchanged_layers: int) -> float:
    """Bytes per token: a ring all-reduce moves nearly twice the activations, an exchange one copy per chosen expert.
    Where ranks of attention meet, the tokens of all are moved."""
    shape, tensor, ways = sizing.shape, sizing.parallelism.tensor, sizing.attention_ways
    row = shape.hidden * sizing.dtype_bytes
    attention, others = _sums(sizing, exchanged_layers)
    of_rank, of_all = (ways - 1) / ways, sizing.attention_ranks * (tensor - 1) / tensor
    chosen = min(shape.experts.per_token, sizing.parallelism.gpus) if shape.experts else 0
    return 2 * row * (attention * of_rank + others * of_all) + ROUTED_TWICE * exchanged_layers * row * chosen

"""The KV cache in the engine's own pages: groups of layers that share one pool, and what one request takes of it."""

import math
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.fit import Estimate
from fairlead.fleet.quantization import KvFormat
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing.sizing_input import SizingInput

_SIDE: Final = {
    KvFormat.BFLOAT16: (2.0, 0.0),
    KvFormat.FLOAT16: (2.0, 0.0),
    KvFormat.FP8: (1.0, 0.0),
    KvFormat.FP8_E4M3: (1.0, 0.0),
    KvFormat.FP8_E5M2: (1.0, 0.0),
    KvFormat.NVFP4: (0.5 + 1 / 16, 0.0),
    KvFormat.INT8_PER_TOKEN_HEAD: (1.0, 4.0),
}
"""Bytes per element, and additional bytes per head and side."""
EIGHT_BIT_OR_LESS: Final = frozenset(kv for kv, (size, _) in _SIDE.items() if size <= 1.0)


@dataclass(frozen=True, slots=True)
class LayerGroup:
    """Layers that share a block table."""

    block_tokens: int
    """0: a recurrent state, whose size does not depend on the context."""
    reach: int | None = None
    """Tokens that a windowed layer attends to; None: all."""


@dataclass(frozen=True, slots=True)
class KvPagePool:
    """Equal pages, each holding one block of one group."""

    page_bytes: float
    groups: tuple[LayerGroup, ...]

    def pages(self, available: float) -> int:
        """Return how many pages fit, at least 0."""
        return max(0, math.floor(available / self.page_bytes))


def pool(sizing: SizingInput) -> KvPagePool:
    """Return how the engine lays out this model's cache on one GPU; GPUs that share the tokens of a request hold its
    blocks together."""
    parallelism, shape = sizing.parallelism, sizing.shape
    extra = int(sizing.drafting.head) + (shape.mtp_layers if sizing.drafting.mtp else 0)
    full = math.ceil(shape.full_layers / parallelism.pipeline) + extra
    narrow, wide = _bytes_a_token(sizing, wide=False), _bytes_a_token(sizing, wide=True)
    if shape.recurrent:
        return _with_states(sizing, full, narrow)
    if shape.window is None:
        block = LayerGroup(sizing.block_tokens * sizing.context_ranks)
        return KvPagePool(sizing.block_tokens * narrow * full + _draft_page(sizing), (block,))
    return _with_windows(sizing, full, (narrow, wide))


def pages_a_request(sizing: SizingInput, context: int) -> int:
    """Return the most pages of one request of this length."""
    return sum(_pages(sizing, group, context) for group in pool(sizing).groups)


def tokens(sizing: SizingInput, available: float) -> int:
    """Return concurrency times context, or blocks over groups where an engine counts otherwise."""
    held = pool(sizing)
    pages = held.pages(available)
    if not sizing.release.counts_requests or len(held.groups) == 1:
        return pages // len(held.groups) * max(group.block_tokens for group in held.groups)
    return int(pages / pages_a_request(sizing, sizing.context) * sizing.context)


def spans(sizing: SizingInput, available: Estimate) -> tuple[Estimate, Estimate]:
    """Return tokens and concurrent requests for the low, likely and high memory."""
    per_request, held = pages_a_request(sizing, sizing.context), pool(sizing)
    figures = (available.low, available.likely, available.high)
    low, likely, high = (tokens(sizing, memory) for memory in figures)
    few, some, many = (held.pages(memory) / per_request for memory in figures)
    return Estimate(low, likely, high), Estimate(few, some, many)


def element_bytes(sizing: SizingInput) -> tuple[float, float]:
    """Return bytes per cached element, and added bytes per head and side."""
    return _SIDE.get(sizing.cache_format, (float(sizing.dtype_bytes), 0.0))


def heads_on_a_gpu(sizing: SizingInput, heads: int) -> int:
    """Return heads on one GPU; fewer heads than GPUs of a rank are copied."""
    return max(1, heads // sizing.attention_ways)


def _bytes_a_token(sizing: SizingInput, *, wide: bool) -> float:
    """Return a token's bytes in one layer on one GPU. Latent attention is not split: each GPU has the whole vector."""
    shape = sizing.shape
    size, extra = element_bytes(sizing)
    if shape.latent:
        index = shape.latent.index_dim + 4 if shape.latent.index_dim else 0
        if index and sizing.cache_format in EIGHT_BIT_OR_LESS:
            return 656.0 + index
        return (shape.latent.kv_rank + shape.latent.rope_dim) * size + index
    if wide and shape.wide:
        return heads_on_a_gpu(sizing, shape.wide.kv_heads) * 2 * (shape.wide.head_dim * size + extra)
    return heads_on_a_gpu(sizing, shape.kv_heads) * 2 * (shape.head_dim * size + extra)


def _draft_page(sizing: SizingInput) -> float:
    """Return the draft model's part of a page: its layers join the pool beside the target's."""
    model: ModelShape | None = sizing.drafting.model
    if model is None:
        return 0.0
    sides = 2 * heads_on_a_gpu(sizing, model.kv_heads) * model.head_dim * element_bytes(sizing)[0]
    return sizing.block_tokens * sides * model.layers


def _grouped(full: int, others: int) -> tuple[int, int, int]:
    """Return layers per page, groups of full layers, groups of the others: sizes are evened out by padding."""
    least, most = sorted((full, others))
    size = most if most < least * 1.25 else least
    return size, math.ceil(full / size), math.ceil(others / size)


def _with_windows(sizing: SizingInput, full: int, bytes_a_token: tuple[float, float]) -> KvPagePool:
    narrow, wide = bytes_a_token
    window = sizing.shape.window
    assert window is not None
    bounded = math.ceil(window.layers / sizing.parallelism.pipeline)
    group = LayerGroup(sizing.block_tokens, window.tokens)
    if not full:
        return KvPagePool(sizing.block_tokens * narrow * bounded, (group,))
    size, fulls, bounds = _grouped(full, bounded)
    page = sizing.block_tokens * max(narrow, wide)
    whole, part = LayerGroup(round(page / wide)), LayerGroup(round(page / narrow), window.tokens)
    return KvPagePool(page * size + _draft_page(sizing), (whole,) * fulls + (part,) * bounds)


def _with_states(sizing: SizingInput, full: int, narrow: float) -> KvPagePool:
    """Lay out a page for one state; attention's block is made as long as that takes, in steps of 16 tokens."""
    recurrent = sizing.shape.recurrent
    assert recurrent is not None
    layers = math.ceil(recurrent.layers / sizing.parallelism.pipeline)
    size, fulls, states = _grouped(full, layers)
    block = math.ceil(state_bytes(sizing) / narrow / sizing.block_tokens) * sizing.block_tokens
    return KvPagePool(block * narrow * size, (LayerGroup(block),) * fulls + (LayerGroup(0),) * states)


def state_bytes(sizing: SizingInput) -> float:
    """Return one request's state in one layer: the convolution's last inputs, one more for each draft token, and a
    float32 matrix for each head."""
    state = sizing.shape.recurrent
    assert state is not None
    ways = sizing.attention_ways
    mixed = (2 * state.key_heads * state.key_dim + state.value_heads * state.value_dim) / ways
    matrix = state.value_heads / ways * state.key_dim * state.value_dim * 4
    return mixed * (state.kernel - 1 + sizing.drafting.tokens) * 2 + matrix


def _pages(sizing: SizingInput, group: LayerGroup, context: int) -> int:
    """Return a group's pages; a recurrent one keeps the running state, the last cached one, and one per draft token."""
    if not group.block_tokens:
        return 1 + int(sizing.caches_states) + sizing.drafting.tokens
    if group.reach is None:
        return math.ceil(context / group.block_tokens)
    seen = min(group.reach - 1 + sizing.batch_tokens, context)
    return math.ceil(seen / group.block_tokens) + 1

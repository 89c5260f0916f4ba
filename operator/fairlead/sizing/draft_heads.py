"""An EAGLE-3 head: one layer beside its target, which reads the hidden states of three of the target's layers."""

from typing import Final

from fairlead.fleet.fit import Estimate
from fairlead.fleet.shapes import ModelShape
from fairlead.sizing.sizing_input import SizingInput

STATES: Final = 3
"""Layers of the target whose hidden states it reads."""
USUAL_ROWS: Final = 32_000
"""Tokens that it proposes: published heads know the most frequent ones only."""
_USUAL_WIDTH: Final = 4
"""Its inner width in hidden sizes if the target has no dense layer."""
_DOUBT: Final = 1.05


def layer(shape: ModelShape) -> int:
    """Return the numbers of its layer, whose attention reads token and hidden states, and of their fusion."""
    hidden, own = shape.hidden, shape.heads * shape.head_dim
    attends = 2 * hidden * (own + 2 * shape.kv_heads * shape.head_dim) + own * hidden
    return STATES * hidden * hidden + attends + 3 * hidden * (shape.intermediate or _USUAL_WIDTH * hidden)


def output(shape: ModelShape) -> int:
    """Return the numbers of its output head."""
    return min(USUAL_ROWS, shape.vocab) * shape.hidden


def weights(sizing: SizingInput) -> Estimate:
    """Return its bytes on a GPU; one without an output head shares the target's, at most it has all of its rows."""
    shape, each = sizing.shape, sizing.dtype_bytes / sizing.parallelism.tensor
    least, most = layer(shape) * each, (layer(shape) + shape.vocab * shape.hidden) * each
    return Estimate(least, least + output(shape) * each, _DOUBT * most)


def activations(sizing: SizingInput) -> float:
    """Return bytes of the hidden states that are kept for it in each step, one by one and joined."""
    kept = 2 * STATES * sizing.batch_tokens * sizing.shape.hidden * sizing.dtype_bytes
    return float(kept) if sizing.drafting.head else 0.0

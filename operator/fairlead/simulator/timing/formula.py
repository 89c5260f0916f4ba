"""Seconds of the parts of a step, from its work and the efficiency: plain arithmetic without branches on its inputs.

A fit passes whole columns and a simulation passes numbers, so both use the same formula.
"""

from typing import Final, NamedTuple

from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.step_work import StepWork

SHARPNESS: Final = 4.0
"""Order of the norm that approximates the maximum of memory and compute time, which overlap."""


class PromptPieces(NamedTuple):
    """The prompt chunks of a step: their tokens, attention pairs, context and number."""

    tokens: float
    pairs: float
    context: float
    pieces: float


def smooth_maximum(one: float, other: float) -> float:
    """Nearly the larger of two times."""
    return float_power(float_power(one, SHARPNESS) + float_power(other, SHARPNESS), 1 / SHARPNESS)


def float_power(base: float, exponent: float) -> float:
    """`base**exponent` as a float: the type checker infers `Any`, since a negative base may give a complex number."""
    raised: float = base**exponent
    return raised


def shared_s(work: StepWork, efficiency: StepEfficiency, tokens: float) -> float:
    """Seconds of a step of this many tokens, without attention."""
    rate = work.linear_rate * efficiency.compute
    dense = smooth_maximum(
        work.dense_bytes / (work.bandwidth * efficiency.weights),
        tokens * work.dense_operations / rate,
    )
    touched = 1 - float_power(work.expert_missed, tokens * work.expert_ranks)
    experts = smooth_maximum(
        work.expert_bytes * touched / (work.bandwidth * efficiency.experts),
        tokens * work.expert_operations / rate,
    )
    moved = tokens * work.moved_bytes / (work.link_rate * efficiency.link)
    waits = work.sums * efficiency.sum_s + work.exchanges * efficiency.exchange_s
    return dense + experts + moved + waits + efficiency.step_s + launches_s(work, efficiency)


def launches_s(work: StepWork, efficiency: StepEfficiency) -> float:
    """Seconds of kernels too short to fill the GPU, independent of the batch."""
    plain = work.layers * efficiency.layer_s
    return plain + work.expert_layers * efficiency.expert_layer_s + work.mixer_layers * efficiency.mixer_layer_s


def sequence_s(work: StepWork, efficiency: StepEfficiency) -> float:
    """Seconds per decoding request, independent of its context."""
    return efficiency.sequence_s + work.sequence_bytes / (work.bandwidth * efficiency.cache)


def context_token_s(work: StepWork, efficiency: StepEfficiency, tokens_a_sequence: float) -> float:
    """Seconds per token of context that a decoding request attends to."""
    read = work.context_bytes / (work.bandwidth * efficiency.cache)
    computed = tokens_a_sequence * work.context_operations / (work.attention_rate * efficiency.decode_attention)
    return smooth_maximum(read, computed)


def prompts_s(work: StepWork, efficiency: StepEfficiency, prompts: PromptPieces) -> float:
    """Seconds of prompt chunks beyond their share of the matrices."""
    operations = prompts.pairs * work.pair_operations + prompts.tokens * work.prompt_operations
    computed = operations / (work.attention_rate * efficiency.attention)
    read = prompts.context * work.context_bytes / (work.bandwidth * efficiency.cache)
    return computed + read + prompts.pieces * efficiency.sequence_s + efficiency.mixed_s

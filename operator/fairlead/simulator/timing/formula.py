"""Seconds of the parts of a step, from its work and the efficiency: plain arithmetic, no branches on its inputs.

A fit passes whole columns where a simulation passes numbers, so that what is fitted is what is run.
"""

from typing import Final, NamedTuple

from fairlead.simulator.timing.efficiency import StepEfficiency
from fairlead.simulator.timing.step_work import StepWork

SHARPNESS: Final = 4.0
"""Reading and computing overlap, the longer one counts: a norm of this order rounds the corner where they meet."""


class PromptPieces(NamedTuple):
    """The prompt pieces of a step."""

    tokens: float
    pairs: float
    context: float
    pieces: float


def smooth_maximum(one: float, other: float) -> float:
    """Nearly the larger of two times."""
    return float_power(float_power(one, SHARPNESS) + float_power(other, SHARPNESS), 1 / SHARPNESS)


def float_power(base: float, exponent: float) -> float:
    """`**` of floats answers `Any` to the type checker, as a negative base may leave the real line; none is here."""
    raised: float = base**exponent
    return raised


def shared_s(work: StepWork, reached: StepEfficiency, tokens: float) -> float:
    """What a step of so many tokens takes, attention aside."""
    rate = work.linear_rate * reached.compute
    dense = smooth_maximum(
        work.dense_bytes / (work.bandwidth * reached.weights),
        tokens * work.dense_operations / rate,
    )
    touched = 1 - float_power(work.expert_missed, tokens * work.expert_ranks)
    experts = smooth_maximum(
        work.expert_bytes * touched / (work.bandwidth * reached.experts),
        tokens * work.expert_operations / rate,
    )
    moved = tokens * work.moved_bytes / (work.link_rate * reached.link)
    waits = work.sums * reached.sum_s + work.exchanges * reached.exchange_s
    return dense + experts + moved + waits + reached.step_s + launches_s(work, reached)


def launches_s(work: StepWork, reached: StepEfficiency) -> float:
    """Kernels too short to fill the GPU, whatever the batch."""
    plain = work.layers * reached.layer_s
    return plain + work.expert_layers * reached.expert_layer_s + work.mixer_layers * reached.mixer_layer_s


def sequence_s(work: StepWork, reached: StepEfficiency) -> float:
    """Of one decoding request whatever its context."""
    return reached.sequence_s + work.sequence_bytes / (work.bandwidth * reached.cache)


def context_token_s(work: StepWork, reached: StepEfficiency, tokens_a_sequence: float) -> float:
    """Of one token of context that a decoding request looks back on."""
    read = work.context_bytes / (work.bandwidth * reached.cache)
    computed = tokens_a_sequence * work.context_operations / (work.attention_rate * reached.decode_attention)
    return smooth_maximum(read, computed)


def prompts_s(work: StepWork, reached: StepEfficiency, prompts: PromptPieces) -> float:
    """What prompt pieces take beyond their share of the matrices."""
    operations = prompts.pairs * work.pair_operations + prompts.tokens * work.prompt_operations
    computed = operations / (work.attention_rate * reached.attention)
    read = prompts.context * work.context_bytes / (work.bandwidth * reached.cache)
    return computed + read + prompts.pieces * reached.sequence_s + reached.mixed_s

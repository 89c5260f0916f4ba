"""Ceilings of speed by the roofline: decode waits for memory, prefill waits for arithmetic.

High is what the hardware cannot exceed. Likely and low are the parts of it that engines usually reach.
"""

from dataclasses import replace
from typing import Final

from fairlead.fleet.fit import Estimate, SpeedCeilings
from fairlead.fleet.shapes import MatrixGroup
from fairlead.sizing import kv_pages, parameters, weights
from fairlead.sizing.sizing_input import SizingInput

_DECODE_PARTS: Final = (0.4, 0.65, 1.0)
_PREFILL_PARTS: Final = (0.25, 0.5, 1.0)


def ceilings(question: SizingInput, concurrent: Estimate) -> SpeedCeilings | None:
    """For the requested sequences, at most as many as the cache likely holds; None if the rates are not known."""
    accelerator = question.accelerator
    if not accelerator.bandwidth_gbs or not accelerator.bf16_tflops:
        return None
    running = max(1.0, min(float(question.sequences), concurrent.likely))
    step = max(read_seconds(question, running), compute_seconds(question, running))
    prompt = question.context * flops_a_token(question, question.context / 2) / rate(question)
    return SpeedCeilings(
        decode_tokens_per_second=_parts(running / step, _DECODE_PARTS),
        prefill_tokens_per_second=_parts(question.context / prompt, _PREFILL_PARTS),
        milliseconds_per_token=_inverse(step * 1000, _DECODE_PARTS),
        first_token_milliseconds=_inverse(prompt * 1000, _PREFILL_PARTS),
    )


def flops_a_token(question: SizingInput, seen: float) -> float:
    """Two for each parameter a token passes, and attention's two products with each token it attends to."""
    shape = question.shape
    full = 4 * (shape.wide.head_dim if shape.wide else shape.head_dim)
    if shape.latent:
        full = 2 * (shape.latent.nope_dim + shape.latent.rope_dim + shape.latent.value_dim)
    attended = shape.full_layers * shape.heads * full * seen
    if shape.window:
        attended += 4 * shape.window.layers * shape.heads * shape.head_dim * min(seen, shape.window.tokens)
    return 2 * parameters.active(shape) + attended


def bytes_a_step(question: SizingInput, running: float) -> float:
    """Read by one GPU: its weights, of the experts those that the batch chooses, and each request's cache."""
    shape, layout = question.shape, question.parallelism
    held = weights.bytes_on_fullest_gpu(question).likely - weights.angles(question)
    if shape.experts:
        size = weights.BYTES.get(question.format, float(question.dtype_bytes))
        experts = parameters.count(shape)[MatrixGroup.EXPERTS] * size / layout.tensor / layout.pipeline
        held -= experts * (1 - shape.experts.per_token / shape.experts.count) ** running
    pool, pages = kv_pages.pool(question), kv_pages.pages_a_request(question, question.context)
    return held * layout.pipeline + running * pages * pool.page_bytes * layout.pipeline


def read_seconds(question: SizingInput, running: float) -> float:
    """Pipeline stages work one after another, so a step reads every stage's share."""
    return bytes_a_step(question, running) / (question.accelerator.bandwidth_gbs or 1) / 1e9


def least_step_seconds(question: SizingInput) -> float | None:
    """The shortest possible step: the weights are read once, for one request with a context of one token."""
    if not question.accelerator.bandwidth_gbs:
        return None
    return read_seconds(replace(question, context=1), 1.0)


def compute_seconds(question: SizingInput, running: float) -> float:
    """One step of this many requests, each attending to the whole context."""
    return running * flops_a_token(question, question.context) / rate(question)


def rate(question: SizingInput) -> float:
    """Operations a second of the GPUs that work on one token. Eight-bit weights use FP8 arithmetic where it exists."""
    accelerator = question.accelerator
    eight = question.format in weights.EIGHT_BIT
    tflops = (accelerator.fp8_tflops if eight else None) or accelerator.bf16_tflops or 1.0
    return tflops * 1e12 * question.parallelism.tensor


def _parts(most: float, parts: tuple[float, float, float]) -> Estimate:
    low, likely, high = parts
    return Estimate(most * low, most * likely, most * high)


def _inverse(least: float, parts: tuple[float, float, float]) -> Estimate:
    low, likely, high = parts
    return Estimate(least / high, least / likely, least / low)

"""The roofline, the hardware's upper limit: decode is bound by memory bandwidth, prefill by arithmetic."""

from dataclasses import replace

from fairlead.sizing import kv_pages, parameters, weights
from fairlead.sizing.sizing_input import SizingInput


def flops_a_token(sizing: SizingInput, seen: float) -> float:
    """Return a token's FLOPs: two a parameter that it passes, and attention's two products with each attended token."""
    shape = sizing.shape
    full = 4 * (shape.wide.head_dim if shape.wide else shape.head_dim)
    if shape.latent:
        full = 2 * (shape.latent.nope_dim + shape.latent.rope_dim + shape.latent.value_dim)
    attended = shape.full_layers * shape.heads * full * seen
    if shape.window:
        attended += 4 * shape.window.layers * shape.heads * shape.head_dim * min(seen, shape.window.tokens)
    return 2 * parameters.active(shape) + attended


def bytes_a_step(sizing: SizingInput, running: float) -> float:
    """Return what one GPU reads while each rank runs as many requests: its weights, of experts those that the ranks'
    batches choose, and the requests' cache."""
    shape = sizing.shape
    held = weights.bytes_of_all_stages(sizing)
    if shape.experts:
        unused = (1 - shape.experts.per_token / shape.experts.count) ** (running * sizing.expert_ranks)
        held -= weights.expert_bytes(sizing) * unused
    pool, pages = kv_pages.pool(sizing), kv_pages.pages_a_request(sizing, sizing.context)
    return held + running * pages * pool.page_bytes * sizing.parallelism.pipeline


def read_seconds(sizing: SizingInput, running: float) -> float:
    """Return a step's read time; pipeline stages run one after another, so every share counts."""
    return bytes_a_step(sizing, running) / (sizing.accelerator.bandwidth_gbs or 1) / 1e9


def least_step_seconds(sizing: SizingInput) -> float | None:
    """Return the shortest step: the weights are read once, for one request with a context of one token."""
    if not sizing.accelerator.bandwidth_gbs:
        return None
    return read_seconds(replace(sizing, context=1), 1.0)


def compute_seconds(sizing: SizingInput, running: float) -> float:
    """Return the time to compute one step of this many requests with whole contexts."""
    return running * flops_a_token(sizing, sizing.context) / rate(sizing)


def rate(sizing: SizingInput) -> float:
    """Return operations a second of one rank's GPUs. Eight-bit weights use FP8 arithmetic where it exists."""
    accelerator = sizing.accelerator
    eight = sizing.format in weights.EIGHT_BIT
    tflops = (accelerator.fp8_tflops if eight else None) or accelerator.bf16_tflops or 1.0
    return tflops * 1e12 * sizing.attention_ways

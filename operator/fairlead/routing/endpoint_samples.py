"""What a sample of an engine adds to this router's own counts: other routers' load, queue, KV cache and progress."""

from math import inf

from fairlead.routing import cache_room
from fairlead.routing.endpoint import Endpoint, EndpointSample


def correct(endpoint: Endpoint, figures: EndpointSample, prompt: float, reply: float) -> None:
    """Update the endpoint from a sample.

    Requests that no router reports are taken to be as long as ours on average: `prompt` tokens not computed, `reply`
    tokens.
    """
    before = endpoint.figures
    everybody = figures.running + figures.waiting
    reported = endpoint.inflight + endpoint.peers_inflight
    others = everybody - reported
    endpoint.others_load = endpoint.peers_load
    if others > 0:
        endpoint.others_load += int(figures.waiting * others / everybody * prompt + others * reply)
    endpoint.queued_then, endpoint.inflight_then = figures.waiting, reported
    if endpoint.kv_tokens is None:
        endpoint.free_tokens = inf
    else:
        endpoint.free_tokens = endpoint.kv_tokens * max(1.0 - figures.kv_usage, 0.0)
    endpoint.kv_room = cache_room.sampled(endpoint, figures)
    if before is not None and before.kv_usage != figures.kv_usage:
        # KV blocks are taken and freed only while the engine's loop runs; request counts also grow while it hangs.
        endpoint.progress_at = max(endpoint.progress_at, figures.at)
    endpoint.figures = figures

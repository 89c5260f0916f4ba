"""What a sample of an engine adds to this router's own counts: other routers' load, queue, KV cache and progress."""

from math import inf

from fairlead.routing import cache_room
from fairlead.routing.endpoint import Endpoint, EndpointSample


def correct(endpoint: Endpoint, figures: EndpointSample, prompt: float, reply: float) -> None:
    """Update the endpoint from a sample.

    Requests that no router reports are assumed to be as long as ours on average: `prompt` tokens not computed, `reply`
    tokens.
    """
    before, waiting = endpoint.sample, figures.waiting
    everybody = figures.running + waiting
    reported = endpoint.inflight + endpoint.peers_inflight
    others, load = everybody - reported, endpoint.peers_load
    if others > 0:
        load += int(waiting * others / everybody * prompt + others * reply)
    endpoint.others_load = load
    endpoint.queued_then, endpoint.inflight_then = waiting, reported
    usage, tokens = figures.kv_usage, endpoint.kv_tokens
    if tokens is None:
        endpoint.free_tokens = endpoint.kv_room = inf
    else:
        endpoint.free_tokens = tokens * max(1.0 - usage, 0.0)
        endpoint.kv_room = tokens * (1.0 - usage - cache_room.GROWTH)
    if before is not None and before.kv_usage != usage and figures.at > endpoint.progress_at:
        # KV blocks are taken and freed only while the engine's loop runs; request counts also grow while it hangs.
        endpoint.progress_at = figures.at
    endpoint.sample = figures

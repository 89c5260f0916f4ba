"""What an engine's figures say beyond what this router sent there: others' work, its queue, its cache, its pulse."""

from math import inf

from fairlead.routing.endpoint import Endpoint, EndpointSample


def correct(endpoint: Endpoint, figures: EndpointSample, prompt: float, reply: float) -> None:
    """Others' requests are taken for as long as ours are on average: so much unread prompt, so much reply."""
    before = endpoint.figures
    everybody = figures.running + figures.waiting
    others = everybody - endpoint.inflight
    if others > 0:
        endpoint.others_load = int(figures.waiting * others / everybody * prompt + others * reply)
    else:
        endpoint.others_load = 0
    endpoint.queued_then, endpoint.inflight_then = figures.waiting, endpoint.inflight
    if endpoint.kv_tokens is None:
        endpoint.free_tokens = inf
    else:
        endpoint.free_tokens = endpoint.kv_tokens * max(1.0 - figures.kv_usage, 0.0)
    if before is not None and before.kv_usage != figures.kv_usage:
        # Pages are taken and given back only by an engine whose loop turns; counts of requests grow in a stuck one too.
        endpoint.progress_at = max(endpoint.progress_at, figures.at)
    endpoint.figures = figures

"""`GET /fairlead/v1/endpoints`: what one router sees of its engines and of its queue, for people and for the operator.

The keys pod, address, state, inflight and reason are read by the operator; others may be added, none renamed.
"""

from typing import Any

from fairlead.routing.desk import Desk
from fairlead.routing.endpoint import Endpoint


def told(desk: Desk, now: float, *, draining: bool) -> dict[str, Any]:
    """The whole page."""
    queue = desk.snapshot(now)
    lanes = {
        one.lane.value: {
            "waiting": one.waiting,
            "oldestSeconds": round(one.oldest_seconds, 3),
            "inflight": one.inflight,
        }
        for one in queue.lanes
    }
    tenants = [{"name": one.name, "waiting": one.waiting, "inflight": one.inflight} for one in queue.tenants]
    return {
        "endpoints": [_one(endpoint, now) for endpoint in desk.table.endpoints],
        "queue": {"held": queue.held, "lanes": lanes, "tenants": tenants},
        "draining": draining,
    }


def _one(endpoint: Endpoint, now: float) -> dict[str, Any]:
    figures = endpoint.figures
    return {
        "pod": endpoint.pod,
        "address": endpoint.address,
        "state": endpoint.state.value,
        "inflight": endpoint.inflight,
        "reason": endpoint.reason,
        "revision": endpoint.revision,
        "adapters": sorted(endpoint.adapters),
        "load": {"promptTokens": endpoint.prompt_load, "replyTokens": endpoint.reply_load},
        "kvTokens": endpoint.kv_tokens,
        "failures": endpoint.failures,
        "figures": None
        if figures is None
        else {
            "ageSeconds": round(now - figures.at, 3),
            "running": figures.running,
            "waiting": figures.waiting,
            "kvUsage": figures.kv_usage,
        },
    }

"""`GET /fairlead/v1/endpoints`: a router's endpoints, queue and demand, for operators and programs.

The controller reads pod, address, state, inflight, reason, hungSeconds and idleSeconds; the autoscaler also reads queue
and demand.
Keys may be added, but not renamed.
"""

from typing import Any, NamedTuple

from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint


class ArrivedRequests(NamedTuple):
    """Requests since the router's start."""

    demand: int
    """In all lanes but batch."""
    prompt_tokens: int
    """Of their prompts, estimated on arrival."""
    batch: int
    """In the batch lane, for which no fleet grows."""


def report(
    dispatcher: Dispatcher, came: ArrivedRequests, spent: tuple[float, int] | None, now: float, *, draining: bool
) -> dict[str, Any]:
    """Build the whole report.

    `spent` is what the last full hour cost, and its tokens; None without prices.

    Tenants are those of the whole router: at a gateway they also wait and run at its other targets.
    """
    queue = dispatcher.snapshot(now)
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
        "endpoints": [_one(endpoint, now) for endpoint in dispatcher.table.endpoints],
        "queue": {"held": queue.held, "lanes": lanes, "tenants": tenants},
        "demand": {
            "arrivals": came.demand,
            "promptTokens": came.prompt_tokens,
            "batchArrivals": came.batch,
            "asked": came.demand,  # arrivals, for autoscalers of the release before
        },
        "lastHour": None if spent is None else {"cost": round(spent[0], 9), "tokens": spent[1]},
        "share": _share(dispatcher),
        "draining": draining,
    }


def _share(dispatcher: Dispatcher) -> dict[str, Any] | None:
    """Return a new revision's traffic share, by which the controller sees when a change arrived."""
    split = dispatcher.table.split
    return None if split is None else {"revision": split.share.revision, "percent": split.share.percent}


def _one(endpoint: Endpoint, now: float) -> dict[str, Any]:
    figures = endpoint.sample
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
        "hungSeconds": None if endpoint.hung_since is None else round(now - endpoint.hung_since, 1),
        "idleSeconds": None if endpoint.inflight or not endpoint.progress_at else round(now - endpoint.progress_at, 1),
        "figures": None
        if figures is None
        else {
            "ageSeconds": round(now - figures.at, 3),
            "running": figures.running,
            "waiting": figures.waiting,
            "kvUsage": figures.kv_usage,
        },
    }

"""Loads and pages as engines and routers would report them."""

import json
from math import inf
from typing import Any

from fairlead.fleet.engine_load import DurationHistogram, EngineLoad

ENDPOINT: dict[str, Any] = {"pod": "chat-1", "address": "10.0.0.1:8000", "state": "routable", "inflight": 2}


def engine_page(tokens: int, running: float = 3.0) -> bytes:
    """A small page with everything that the fast reader looks for."""
    lines = (
        ("gauge", "vllm:num_requests_running", "", running),
        ("gauge", "vllm:num_requests_waiting", "", 1.0),
        ("gauge", "vllm:kv_cache_usage_perc", "", 0.25),
        ("counter", "vllm:generation_tokens_total", "", float(tokens)),
    )
    text = "".join(f'# TYPE {name} {kind}\n{name}{{engine="0"}} {value}\n' for kind, name, _, value in lines)
    return b"# HELP x\n" + text.encode()


def load(**changed: Any) -> EngineLoad:  # noqa: ANN401 - any field
    """The load of a busy replica."""
    document: dict[str, Any] = {
        "engines": 1,
        "running": 3.0,
        "waiting": 1.0,
        "kv_usage": 0.25,
        "prompt_tokens": 1000.0,
        "generation_tokens": 500.0,
        "steps": 90.0,
        "prefix_queries": 1000.0,
        "prefix_hits": 250.0,
        "time_to_first_token": DurationHistogram(count=10.0, total=4.0, buckets=((0.5, 6.0), (1.0, 8.0), (inf, 10.0))),
    }
    return EngineLoad(**(document | changed))


def router_page(request: float = 100, *endpoints: dict[str, Any], **changed: Any) -> bytes:  # noqa: ANN401 - any JSON
    """A page as a router writes it."""
    lanes = {
        "interactive": {"waiting": 3, "oldestSeconds": 1.5, "inflight": 8},
        "long": {"waiting": 1, "oldestSeconds": 2.5, "inflight": 1},
        "batch": {"waiting": 40, "oldestSeconds": 90.0, "inflight": 0},
    }
    page = {
        "endpoints": [ENDPOINT | one for one in endpoints],
        "queue": {"held": 2, "lanes": lanes, "tenants": []},
        "demand": {"arrivals": request, "promptTokens": request * 300, "batchArrivals": 50, "asked": request},
        "draining": False,
    }
    return json.dumps(page | changed).encode()

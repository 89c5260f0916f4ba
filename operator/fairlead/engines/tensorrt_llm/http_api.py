"""TensorRT-LLM's HTTP server: its port, pages, and the metrics a router reads each second.

It has no endpoint that counts the tokens of a request's body, and no priority header.
"""

from typing import Final

from fairlead.engines import quick_load
from fairlead.engines.http_api import ClientLimits, ErrorShapes, HttpApi, QuickLoad
from fairlead.engines.tensorrt_llm import adapters, errors, metrics

_RUNNING, _WAITING, _USAGE, _BLOCKS, _TOKENS = (
    quick_load.beginning(family)
    for family in (metrics.RUNNING, metrics.WAITING, metrics.USAGE, metrics.BLOCKS, metrics.BLOCK_TOKENS)
)


def quick(page: bytes) -> QuickLoad | None:
    """None for another engine's page, or if its running, waiting or cache figures are broken."""
    running, waiting, usage, blocks, tokens = (
        quick_load.values(page, one) for one in (_RUNNING, _WAITING, _USAGE, _BLOCKS, _TOKENS)
    )
    if not running or not waiting or not usage:
        return None
    return QuickLoad(
        running=sum(running),
        waiting=sum(waiting),
        kv_usage=max(usage),
        kv_tokens=int(sum(blocks) * max(tokens, default=0.0)) or None,
    )


IDS: Final = ClientLimits(members=frozenset({"disaggregated_params"}))
"""Its `disagg_request_id` becomes the request's number: `_torch/pyexecutor/executor_request_queue.py: _get_request_id`.
Numbers count up, and a client who leaves ends all requests with that of its own."""


API: Final = HttpApi(
    provider="tensorrt_llm",
    port=8000,
    metrics_path="/prometheus/metrics",
    models_path="/v1/models",
    quick_load=quick,
    errors=ErrorShapes(begins_with_error=errors.begins_with_error, error_class=errors.error_class),
    adapters=adapters.REQUESTS,
    never_from_clients=IDS,
    usage_by_prompt=True,
    unsalted=frozenset({b"/v1/completions", b"/v1/responses", b"/v1/messages"}),
)
"""Only chat requests may have a `cache_salt`."""

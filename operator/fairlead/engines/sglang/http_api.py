"""SGLang 0.5.23's HTTP server: its port, pages, tokenizer, and the metrics a router reads each second."""

import re
from typing import Final

from fairlead.engines import quick_load
from fairlead.engines.http_api import ErrorShapes, HttpApi, QuickLoad, Tokenizer, token_count
from fairlead.engines.sglang import adapters, errors, metrics

_PART: Final = re.compile(rb'[{,](?:priority="[^"]|pp_rank="[1-9])')
"""Matches lines that another line already includes: one priority, or a later pipeline stage."""
_RUNNING, _WAITING, _COMPILING, _USAGE, _CAPACITY = (
    quick_load.beginning(family)
    for family in (metrics.RUNNING, metrics.WAITING, metrics.COMPILING, metrics.USAGE, metrics.CAPACITY)
)


def quick(page: bytes) -> QuickLoad | None:
    """None for another engine's page, or if its running, waiting or cache figures are broken."""
    running, waiting, usage, compiling, tokens = (
        quick_load.values(page, one, _PART) for one in (_RUNNING, _WAITING, _USAGE, _COMPILING, _CAPACITY)
    )
    if not running or not waiting or not usage:
        return None
    return QuickLoad(
        running=sum(running),
        waiting=sum(waiting) + sum(compiling),
        kv_usage=max(usage),
        kv_tokens=int(sum(tokens)) or None,
    )


API: Final = HttpApi(
    provider="sglang",
    port=30000,
    metrics_path="/metrics",
    models_path="/v1/models",
    quick_load=quick,
    errors=ErrorShapes(begins_with_error=errors.begins_with_error, error_class=errors.error_class),
    tokenizer=Tokenizer(path=b"/tokenize", count=token_count),
    priority_header=b"x-override-priority",
    adapters=adapters.REQUESTS,
    unsalted=frozenset({b"/v1/messages"}),
)

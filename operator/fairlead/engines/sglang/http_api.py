"""SGLang 0.5.23's HTTP server: its port, pages, tokenizer, and the metrics a router reads each second."""

import re
from typing import Final

from fairlead.engines import quick_load
from fairlead.engines.http_api import (
    ClientLimits,
    ErrorShapes,
    HttpApi,
    PriorityMember,
    QuickLoad,
    Tokenizer,
    token_count,
)
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


PRIORITY: Final = PriorityMember(
    name="priority", paths=frozenset({b"/v1/chat/completions", b"/v1/completions", b"/v1/responses"})
)
"""`srt/entrypoints/openai/serving_completions.py` and `serving_responses.py` never read the header, which
`/v1/messages`, without such a member, needs."""
IDS: Final = ClientLimits(members=frozenset({"rid", "request_id"}), headers=(b"x-override-",))
"""A request of this id: `srt/managers/scheduler.py: abort_request` ends all whose ids begin with that of a client who
has left. `/v1/responses` calls it `request_id`; `srt/entrypoints/request_headers.py` takes it from a header."""


API: Final = HttpApi(
    provider="sglang",
    port=30000,
    metrics_path="/metrics",
    models_path="/v1/models",
    quick_load=quick,
    errors=ErrorShapes(begins_with_error=errors.begins_with_error, error_class=errors.error_class),
    tokenizer=Tokenizer(path=b"/tokenize", count=token_count),
    priority_header=b"x-override-priority",
    priority_member=PRIORITY,
    never_from_clients=IDS,
    adapters=adapters.REQUESTS,
    unsalted=frozenset({b"/v1/messages"}),
)

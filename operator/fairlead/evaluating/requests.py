"""The request for an item: greedy, and marked so that routers prefer users' requests and cache nothing."""

import json
from collections.abc import Mapping
from typing import Final

from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import RequestSettings

PATH: Final = "/v1/chat/completions"
HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "application/json",
    "x-fairlead-lane": "batch",
    "x-fairlead-cache": "off",
}
"""For routers; other servers ignore them."""
REFUSED: Final = 400
"""How an API answers whose models take no `max_tokens`, or no temperature but their own."""
_THOUGHT: Final = 8
"""Times as many tokens for a model that thinks before it answers: it thinks within the limit."""


def body(item: EvaluationItem, model: str, settings: RequestSettings) -> bytes:
    """Build the request body."""
    return json.dumps(
        {
            "model": model,
            "messages": list(item.messages),
            "max_tokens": settings.max_tokens,
            "temperature": settings.temperature,
            "seed": settings.seed,
            **item.extra,
        },
        ensure_ascii=False,
    ).encode(errors="replace")


def plain_body(item: EvaluationItem, model: str, settings: RequestSettings) -> bytes:
    """Build the body for a judge that refuses the usual one, as reasoning models do for its limit and temperature."""
    most = settings.max_tokens * _THOUGHT
    found = {"model": model, "messages": list(item.messages), "max_completion_tokens": most, **item.extra}
    return json.dumps(found, ensure_ascii=False).encode(errors="replace")

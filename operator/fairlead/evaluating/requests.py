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

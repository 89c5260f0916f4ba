"""One request as it came: its bytes untouched, and the two facts of its JSON that routing needs."""

import json
from dataclasses import dataclass

from multidict import CIMultiDict


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is sent to an engine, once or more often."""

    path: str
    """With its query, as the client wrote it."""
    headers: CIMultiDict[str]
    body: bytes
    request_id: str
    model: str | None
    """Nothing when the body names none, or is no JSON: the engine says what it thinks of that."""
    streams: bool


def facts(body: bytes) -> tuple[str | None, bool]:
    """The model a body names, and whether it asks for a stream."""
    try:
        told = json.loads(body)
    except ValueError:
        return None, False
    if not isinstance(told, dict):
        return None, False
    model = told.get("model")
    return (model if isinstance(model, str) else None), told.get("stream") is True

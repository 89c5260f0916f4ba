"""What an error response of vLLM 0.32 means for the request and for the engine, by status and text."""

from typing import Final

from fairlead.documents import json_document
from fairlead.engines.http_api import EngineErrorClass

_LEAVING: Final = b"cannot schedule new futures after shutdown"
"""Error of a draining vLLM for new requests, while its health check still succeeds."""
_DYING: Final = b"EngineCore encountered an issue"
"""Error of running requests when their engine core ends."""
_ERROR_EVENTS: Final = (b'data: {"error"', b"event: error\n")
"""Of chat and completions, and of `/v1/messages` and `/v1/responses`, whose events have names."""
_NOT_FOUND: Final = 404


def begins_with_error(first: bytes) -> bool:
    """Detect an error as the first event with status 200: the client has received no token yet."""
    return first.startswith(_ERROR_EVENTS)


def error_class(status: int, body: bytes) -> EngineErrorClass:
    """Classify an error. Only 500, 503 and a stream without a token may mean something else than their status."""
    if status in (500, 503) or begins_with_error(body):
        if _LEAVING in body:
            return EngineErrorClass.LEAVING
        if _DYING in body:
            return EngineErrorClass.DYING
    if status == 503:
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 else EngineErrorClass.PASS_ON


def lost_adapter(status: int, body: bytes, name: str) -> bool:
    """Whether it has no model or adapter of this name: `serve/engine/serving.py: _check_model`. It answers 404 for
    other reasons as well, such as the id of an earlier response that it does not have."""
    if status != _NOT_FOUND:
        return False
    try:
        message = json_document.read(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return False
    return str(message).startswith(f"The model `{name}` does not exist")

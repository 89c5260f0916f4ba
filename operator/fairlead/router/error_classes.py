"""What an engine's error response means for the request and for the engine, by its status and text."""

from enum import Enum, auto
from typing import Final

_LEAVING: Final = b"cannot schedule new futures after shutdown"
"""Error of a draining vLLM for new requests, while its health check still succeeds."""
_DYING: Final = b"EngineCore encountered an issue"
"""Error of running requests when their engine core ends."""
_ERROR_EVENT: Final = b'data: {"error"'


class EngineErrorClass(Enum):
    """What failed, and whether another engine may help."""

    PASS_ON = auto()
    """The client's request is at fault, or nothing is."""
    BUSY = auto()
    """The engine is healthy and full: another may have room."""
    LEAVING = auto()
    """The engine drains: it finishes its requests, and did not accept this one."""
    DYING = auto()
    """The engine ended during this request."""
    FAILED = auto()
    """The engine failed: the client gets the error, and the breaker counts it."""


def begins_with_error(first: bytes) -> bool:
    """A stream with status 200 whose first event is an error: the client has got no token of it."""
    return first.startswith(_ERROR_EVENT)


def error_class(status: int, body: bytes) -> EngineErrorClass:
    """The class of an error. Only 500, 503 and a stream without a token may mean something else than their status."""
    if status in (500, 503) or begins_with_error(body):
        if _LEAVING in body:
            return EngineErrorClass.LEAVING
        if _DYING in body:
            return EngineErrorClass.DYING
    if status == 503:
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 else EngineErrorClass.PASS_ON

"""What an engine's bad answer means for the request and for the engine, told from its status and words."""

from enum import Enum, auto
from typing import Final

_LEAVING: Final = b"cannot schedule new futures after shutdown"
"""What a draining vLLM says to new requests while its health stays good."""
_DYING: Final = b"EngineCore encountered an issue"
"""What running requests hear when the engine below them ends."""
_ERROR_EVENT: Final = b'data: {"error"'


class EngineErrorClass(Enum):
    """Who is to blame, and who may help."""

    PASS_ON = auto()
    """The client's own business, or nobody's."""
    BUSY = auto()
    """The engine is well and full: another may have room."""
    LEAVING = auto()
    """The engine finishes what it has; this request it never took."""
    DYING = auto()
    """The engine ended under this request."""
    FAILED = auto()
    """Something in the engine broke: the client is told, and the engine is watched."""


def begins_with_error(first: bytes) -> bool:
    """A stream whose head said 200 and whose first event is an error: nobody has seen a token of it."""
    return first.startswith(_ERROR_EVENT)


def error_class(status: int, body: bytes) -> EngineErrorClass:
    """Only 500, 503 and a stream that never began may mean something else than they say."""
    if status in (500, 503) or begins_with_error(body):
        if _LEAVING in body:
            return EngineErrorClass.LEAVING
        if _DYING in body:
            return EngineErrorClass.DYING
    if status == 503:
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 else EngineErrorClass.PASS_ON

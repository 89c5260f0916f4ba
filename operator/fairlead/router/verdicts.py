"""What an engine's bad answer means for the request and for the engine, told from its status and words."""

from enum import Enum, auto
from typing import Final

_ENDING: Final = (b"cannot schedule new futures after shutdown", b"EngineCore encountered an issue")
"""A draining vLLM stays healthy and says the first to new requests; a dying one the second to running ones."""
_ERROR_EVENT: Final = b'data: {"error"'


class Verdict(Enum):
    """Who is to blame, and who may help."""

    PASS_ON = auto()
    """The client's own business, or nobody's."""
    BUSY = auto()
    """The engine is well and full: another may have room."""
    ENDING = auto()
    """The engine will serve nobody any more."""
    FAILED = auto()
    """Something in the engine broke: the client is told, and the engine is watched."""


def stillborn(first: bytes) -> bool:
    """A stream whose head said 200 and whose first event is an error: nobody has seen a token of it."""
    return first.startswith(_ERROR_EVENT)


def verdict(status: int, body: bytes) -> Verdict:
    """Only 500, 503 and a stream that never began may mean something else than they say."""
    if (status in (500, 503) or stillborn(body)) and any(words in body for words in _ENDING):
        return Verdict.ENDING
    if status == 503:
        return Verdict.BUSY
    return Verdict.FAILED if status >= 500 else Verdict.PASS_ON

"""What an error response of SGLang 0.5.23 means for the request and for the engine, by status and text.

A full queue is 503 for a request without a stream. With a stream it is 200, and the first event is an error that
contains the code. A draining engine refuses nothing, so no error here means draining.
"""

import re
from typing import Final

from fairlead.engines.http_api import EngineErrorClass

_ERROR_EVENT: Final = b'data: {"error"'
_MESSAGE: Final = b"event: message_start\n"
_NAMED: Final = b"\nevent: error\n"
"""Of `/v1/messages`, whose streams begin with the message in any case."""
_CODE: Final = re.compile(rb'"code":\s*(\d{3})\b')
_ANTHROPIC: Final = ((b'"overloaded_error"', 503), (b'"api_error"', 500))
"""Anthropic's words for these codes: `srt/entrypoints/anthropic/serving.py: ERROR_TYPE_MAP`."""


def begins_with_error(first: bytes) -> bool:
    """Detect an error as the first event with status 200: the client has received no token yet."""
    return first.startswith(_ERROR_EVENT) or (first.startswith(_MESSAGE) and _NAMED in first)


def error_class(status: int, body: bytes) -> EngineErrorClass:
    """Classify an error; for a stream that begins with one, by the code in it."""
    code = _code(status, body) if begins_with_error(body) else status
    if code == 503:
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if code >= 500 else EngineErrorClass.PASS_ON


def _code(status: int, body: bytes) -> int:
    _, named, error = body.partition(_NAMED)
    if named:
        return next((code for word, code in _ANTHROPIC if word in error), status)
    found = _CODE.search(body.partition(b"\n")[0])
    return status if found is None else int(found[1])

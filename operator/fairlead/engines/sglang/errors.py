"""What an error response of SGLang 0.5.23 means for the request and for the engine, by status and text.

A full queue is 503 for a request without a stream. With a stream it is 200, and the first event is an error that
contains the code. A draining engine refuses nothing, so no error here means draining.
"""

import re
from typing import Final

from fairlead.engines.http_api import EngineErrorClass

_ERROR_EVENT: Final = b'data: {"error"'
_CODE: Final = re.compile(rb'"code":\s*(\d{3})\b')


def begins_with_error(first: bytes) -> bool:
    """Detect an error as the first event with status 200: the client has received no token yet."""
    return first.startswith(_ERROR_EVENT)


def error_class(status: int, body: bytes) -> EngineErrorClass:
    """Classify an error; for a stream that begins with one, by the code in it."""
    code = status
    if begins_with_error(body) and (found := _CODE.search(body.partition(b"\n")[0])) is not None:
        code = int(found[1])
    if code == 503:
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if code >= 500 else EngineErrorClass.PASS_ON

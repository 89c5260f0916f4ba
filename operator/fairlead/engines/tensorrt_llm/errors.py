"""What an error response of TensorRT-LLM means for the request and for the engine, by its status.

Nearly every failure of the server is 400, so a 400 may be its fault and cannot be told from a client's: it is passed on
and nothing is tried again. A stream that fails is cut without a word, which routers notice by its missing `[DONE]`.
"""

from fairlead.engines.http_api import EngineErrorClass


def begins_with_error(first: bytes) -> bool:  # noqa: ARG001 - no stream does
    """No stream begins so: an error after status 200 is a connection that ends."""
    return False


def error_class(status: int, body: bytes) -> EngineErrorClass:  # noqa: ARG001 - the status says all
    """`serve/readiness.py`: 503 is a server that still starts; it has no limit of waiting requests to answer so."""
    if status == 503:
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 else EngineErrorClass.PASS_ON

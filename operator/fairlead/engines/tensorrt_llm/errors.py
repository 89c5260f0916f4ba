"""What an error response of TensorRT-LLM means for the request and for the engine, by status.

Nearly every failure of the server is 400, indistinguishable from a client's error, so 400 is passed on and never
retried. A stream that fails is cut without an error; routers notice that its `[DONE]` is missing.
"""

from fairlead.engines.http_api import EngineErrorClass


def begins_with_error(first: bytes) -> bool:  # noqa: ARG001 - no stream begins so
    """No stream begins with an error: an error after status 200 closes the connection."""
    return False


def error_class(status: int, body: bytes) -> EngineErrorClass:  # noqa: ARG001 - the status suffices
    """`serve/readiness.py`: 503 means that the server is still starting; it has no limit of waiting requests."""
    if status == 503:
        return EngineErrorClass.BUSY
    return EngineErrorClass.FAILED if status >= 500 else EngineErrorClass.PASS_ON

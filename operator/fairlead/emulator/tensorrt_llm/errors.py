"""TensorRT-LLM's error responses: flat, and nearly always 400; a schema error is one text.

`serve/openai_server.py: create_error_response`, `validation_exception_handler`. Most of its messages are not known;
those made up here are marked as simulated.
"""

from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import EngineRefusal

_BAD: Final = "BadRequestError"
_SCHEMA: Final = "Bad Request"
"""The kind of error that the shared readers of bodies raise."""
UNAVAILABLE: Final = "LLM is unavailable. Please check the server logs for more details."


def body(request: web.Request, error: ErrorResponse) -> Mapping[str, Any]:
    """Return the error as its routes send it."""
    del request
    if error.kind == _SCHEMA:
        return {"error": error.message}
    return {"object": "error", "message": error.message, "type": error.kind, "param": None, "code": error.status}


def bad_request(message: str) -> ErrorResponse:
    """Return the error for any failure before the engine, whatever the cause."""
    return ErrorResponse(400, message, _BAD)


def not_permitted(names: list[str]) -> ErrorResponse:
    """The body has members that its schema lacks."""
    lines = "\n".join(f"  body.{name}: Extra inputs are not permitted" for name in names)
    return ErrorResponse(400, f"{len(names)} validation errors:\n{lines}", _SCHEMA)


def refused(refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
    """Return a refusal; waiting requests are not limited, and engine failures are 400 as well."""
    if refusal is EngineRefusal.LAGGING:
        why = f"The simulated engine is {lag_seconds * 1000:.0f} ms behind the time it simulates."
        return ErrorResponse(503, why, "ServiceUnavailableError")
    return bad_request("The engine failed. (simulated)")


def too_long(prompt: int, wanted: int | None, context: int) -> ErrorResponse:
    """The request is too long: neither prompts nor replies are shortened."""
    beside = "" if wanted is None else f" and max_tokens {wanted}"
    return bad_request(f"The prompt of {prompt} tokens{beside} exceed max_seq_len {context}. (simulated)")


def not_in_one_step(prompt: int, most: int) -> ErrorResponse:
    """Without chunked prefill, a prompt must fit into one step."""
    return bad_request(
        f"The prompt of {prompt} tokens exceeds max_num_tokens {most}, and chunked prefill is off. (simulated)"
    )

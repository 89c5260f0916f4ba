"""SGLang's error responses: flat, with OpenAI's fields beside `object`; inside a stream they are wrapped in `error`.

`srt/entrypoints/openai/serving_base.py: create_error_response`, `create_streaming_error_response`. The messages that
routers and clients match on are SGLang's own; those about a malformed body are shared with vLLM, whose reader it
shares.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import EngineRefusal

MESSAGES: Final = "/v1/messages"
_BAD: Final = "BadRequestError"
_ANTHROPIC: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    404: "not_found_error",
    503: "overloaded_error",
}


def flat(error: ErrorResponse) -> dict[str, Any]:
    """Return the error as SGLang's routes send it."""
    return {"object": "error", "message": error.message, "type": error.kind, "param": None, "code": error.status}


def body(request: web.Request, error: ErrorResponse) -> Mapping[str, Any]:
    """Return the error in the form of this route: Anthropic's for Anthropic's API."""
    if request.path.startswith(MESSAGES):
        return {"type": "error", "error": {"type": anthropic_type(error), "message": error.message}}
    return flat(error)


def anthropic_type(error: ErrorResponse) -> str:
    """`srt/entrypoints/anthropic/serving.py: ERROR_TYPE_MAP`."""
    return _ANTHROPIC.get(error.status, "api_error")


def event(error: ErrorResponse) -> bytes:
    """Wrap the error for a stream; spaced as SGLang writes this one event."""
    return b"data: " + json.dumps({"error": flat(error)}).encode() + b"\n\n"


def bad_request(message: str) -> ErrorResponse:
    """Return the error for an invalid request."""
    return ErrorResponse(400, message, _BAD)


def refused(refusal: EngineRefusal, lag_seconds: float) -> ErrorResponse:
    """Return a refusal of the engine; draining is never one, since it accepts requests until its end."""
    match refusal:
        case EngineRefusal.BUSY | EngineRefusal.BACKLOG:
            return ErrorResponse(503, "The request queue is full.", "503")
        case EngineRefusal.DUPLICATE:
            return bad_request("Duplicate request ID detected (simulated)")
        case EngineRefusal.LAGGING:
            why = f"The simulated engine is {lag_seconds * 1000:.0f} ms behind the time it simulates."
            return ErrorResponse(503, why, "503")
        case _:
            return ErrorResponse(500, "Internal server error: (simulated)", "InternalServerError")


def longer_than_context(tokens: int, context: int) -> ErrorResponse:
    """`srt/managers/tokenizer_manager.py: _validate_one_request`."""
    return bad_request(f"The input ({tokens} tokens) is longer than the model's context length ({context} tokens).")


def too_many_together(prompt: int, wanted: int, context: int) -> ErrorResponse:
    """The other error of `_validate_one_request`: SGLang does not shorten a reply."""
    return bad_request(
        f"Requested token count exceeds the model's maximum context length of {context} tokens. You requested a total "
        f"of {prompt + wanted} tokens: {prompt} tokens from the input messages and {wanted} tokens for the completion. "
        "Please reduce the number of tokens in the input messages or the completion to fit within the limit."
    )


def longer_than_pool(tokens: int, most: int) -> ErrorResponse:
    """`srt/managers/utils.py: validate_input_length`: the KV cache is a limit too."""
    return bad_request(
        f"Input length ({tokens} tokens) exceeds the maximum allowed length ({most} tokens). Use a shorter input or "
        "enable --allow-auto-truncate."
    )

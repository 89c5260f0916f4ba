"""Errors in the format that a client's library expects: as a whole response, or as the last event of a stream.

OpenAI's object everywhere but on /v1/messages, which has Anthropic's. Both libraries raise by status, and by the
`error` of an event.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from fairlead.router.wire import heads
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.surfaces import Surface

JSON: Final = b"application/json"
ANTHROPIC: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
"""Its closed list of types by status; others are `api_error`, or `invalid_request_error` below 500."""
OPENAI: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One error, as text and as a code that clients and metrics use."""

    status: int
    code: str
    message: str
    param: str | None = None
    retry_after_seconds: float | None = None
    """Seconds after which a retry helps."""
    allow: str | None = None
    """The methods that the route allows."""


def of_bad(bad: MalformedRequest) -> Problem:
    """Create the problem for bytes that are not an acceptable request; a 503 is the router's, and passes."""
    again = 1.0 if bad.status == 503 else None
    return Problem(status=bad.status, code=bad.code, message=bad.message, retry_after_seconds=again)


def error_object(problem: Problem, surface: Surface) -> dict[str, Any]:
    """Build the object that libraries look for."""
    if surface is Surface.MESSAGES:
        plain = "invalid_request_error" if problem.status < 500 else "api_error"
        kind = ANTHROPIC.get(problem.status, plain)
        return {"type": "error", "error": {"type": kind, "message": problem.message, "code": problem.code}}
    kind = OPENAI.get(problem.status, "invalid_request_error" if problem.status < 500 else "server_error")
    return {"error": {"message": problem.message, "type": kind, "param": problem.param, "code": problem.code}}


def answer(problem: Problem, surface: Surface, extra: bytes = b"", *, close: bool = False) -> bytes:
    """Build a whole response; `extra` is whole header lines."""
    if problem.retry_after_seconds is not None:
        extra += b"retry-after: %d\r\n" % max(1, -int(-problem.retry_after_seconds // 1))
    if problem.status == 401:
        extra += b"www-authenticate: Bearer\r\n"
    if problem.allow is not None:
        extra += b"allow: %b\r\n" % problem.allow.encode()
    return heads.answer(problem.status, JSON, body(problem, surface), extra, close=close)


def body(problem: Problem, surface: Surface) -> bytes:
    """Build the response's body."""
    return json.dumps(error_object(problem, surface)).encode()


def frame(problem: Problem, surface: Surface) -> bytes:
    """Build the error as a stream's last event. It begins with a blank line, which ends any event cut short."""
    if surface is Surface.MESSAGES:
        return b"\n\nevent: error\ndata: %b\n\n" % body(problem, surface)
    if surface is Surface.RESPONSES:
        error = {"type": "error", "code": problem.code, "message": problem.message, "param": problem.param}
        return b"\n\nevent: error\ndata: %b\n\n" % json.dumps(error).encode()
    return b"\n\ndata: %b\n\ndata: [DONE]\n\n" % body(problem, surface)

"""vLLM's error responses: the status, the message that clients and routers match on, and the JSON around it."""

import json
from collections.abc import Mapping
from typing import Any, Final

from fairlead.emulator.surface.jobs import EngineRefusal

ENGINE_DEAD: Final = "EngineCore encountered an issue. See stack trace (above) for the root cause."
_BAD: Final = "BadRequestError"
_SERVER: Final = "InternalServerError"
_UNAVAILABLE: Final = "Service Unavailable"
_LATER: Final = "Please try again later or on a different instance."
_MAX_REASONS: Final = 10
_LONGEST_INPUT: Final = 200
"""Maximum characters of an invalid value that are echoed to the client."""


class ErrorResponse(Exception):
    """An error response, raised as an exception."""

    def __init__(self, status: int, message: str, kind: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.body: Mapping[str, Any] = {
            "error": {"message": message, "type": kind, "param": param, "code": status},
        }

    @property
    def event(self) -> bytes:
        """The error as an event of a stream that has begun; spaced as vLLM writes this one event."""
        return b"data: " + json.dumps(self.body).encode() + b"\n\n"


def bad_request(message: str, param: str | None = None, value: object = None) -> ErrorResponse:
    """Invalid request; the message repeats the parameter, and its value if given."""
    facts = [f"parameter={param}"] if param is not None else []
    facts += [f"value={value}"] if value is not None else []
    return ErrorResponse(400, f"{message} ({', '.join(facts)})" if facts else message, _BAD, param)


def bad_parameter(message: str, param: str) -> ErrorResponse:
    """Return one of the few errors whose message does not repeat the parameter."""
    return ErrorResponse(400, message, _BAD, param)


def invalid_body(*details: Mapping[str, Any] | str) -> ErrorResponse:
    """Malformed body: every reason, in the words of vLLM's request validation."""
    label = "error" if len(details) == 1 else "errors"
    first = details[0]
    reasons = [f"  {detail}" for detail in details[:_MAX_REASONS]]
    if len(details) > _MAX_REASONS:
        reasons.append(f"  ...and {len(details) - _MAX_REASONS} more {label}")
    lines = "\n".join(reasons)
    where = first["loc"] if isinstance(first, Mapping) else None
    return ErrorResponse(400, f"{len(details)} validation {label}:\n{lines}", "Bad Request", where)


def nested_too_deeply() -> ErrorResponse:
    """Return the web framework's error for a body that its parser gives up on; it gives no reason."""
    return ErrorResponse(400, "There was an error parsing the body", "Bad Request")


def detail(kind: str, where: str, message: str, value: object) -> dict[str, Any]:
    """Return one reason for `invalid_body`."""
    return {"type": kind, "loc": where, "msg": message, "input": _shown(value)}


def not_found(message: str, param: str | None = None) -> ErrorResponse:
    """The request names something that does not exist."""
    return ErrorResponse(404, message, "NotFoundError", param)


def unknown_model(name: object, aliases: tuple[str, ...]) -> ErrorResponse:
    """Unknown model; the message lists the valid names, without adapters."""
    return not_found(f"The model `{name}` does not exist. Valid aliases: {', '.join(aliases)}.", "model")


def of(refusal: EngineRefusal, lag_seconds: float = 0.0) -> ErrorResponse:
    """Return the error response for a refusal of the engine."""
    match refusal:
        case EngineRefusal.BUSY:
            why = "The engine is currently busy and cannot accept new requests."
            return ErrorResponse(503, f"{why} {_LATER}", _UNAVAILABLE)
        case EngineRefusal.BACKLOG:
            return ErrorResponse(503, f"The engine has reached its prefill token backlog limit. {_LATER}", _UNAVAILABLE)
        case EngineRefusal.LAGGING:
            why = f"The simulated engine is {lag_seconds * 1000:.0f} ms behind the time it simulates."
            return ErrorResponse(503, f"{why} {_LATER}", _UNAVAILABLE)
        case EngineRefusal.DRAINING:
            return ErrorResponse(500, "cannot schedule new futures after shutdown", _SERVER)
        case EngineRefusal.DEAD:
            return dead()
        case EngineRefusal.OUT_OF_ORDER | EngineRefusal.DUPLICATE:  # vLLM makes every id unique
            return failed()


def dead() -> ErrorResponse:
    """Return the error for requests in flight when the engine dies."""
    return ErrorResponse(500, ENGINE_DEAD, _SERVER)


def failed() -> ErrorResponse:
    """Return the error for one request that failed inside the engine."""
    return ErrorResponse(500, "Internal server error", _SERVER)


def _shown(value: object) -> str:
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_INPUT else value[:_LONGEST_INPUT] + "...[truncated]"
    if isinstance(value, list | dict):
        return f"<{type(value).__name__} of {len(value)} items>"
    return str(value)

"""vLLM's error answers: the status, and the words clients and routers match on."""

import json
from typing import Any, Final

ENGINE_DEAD: Final = "EngineCore encountered an issue. See stack trace (above) for the root cause."


class Refused(Exception):
    """An answer that is no completion."""

    def __init__(self, status: int, message: str, kind: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.told = {"error": {"message": message, "type": kind, "param": param, "code": status}}

    @property
    def event(self) -> bytes:
        """The same as an event of a stream whose head is out already."""
        return b"data: " + json.dumps(self.told).encode() + b"\n\n"


def bad(message: str, param: str | None = None) -> Refused:
    """The request asks for what cannot be done; vLLM repeats the parameter and its value in the message."""
    return Refused(400, message, "BadRequestError", param)


def unread(what: str, where: str, told: str) -> Refused:
    """The body is not what the endpoint reads."""
    detail: dict[str, Any] = {"type": what, "loc": where, "msg": told}
    return Refused(400, f"1 validation error:\n  {detail}", "Bad Request")


def unknown_model(name: str, aliases: tuple[str, ...]) -> Refused:
    """Clients see which names would do."""
    told = f"The model `{name}` does not exist. Valid aliases: {', '.join(aliases)}."
    return Refused(404, told, "NotFoundError", "model")


def busy() -> Refused:
    """Admission is full: 503 and not 429, and no Retry-After."""
    told = (
        "The engine is currently busy and cannot accept new requests. "
        "Please try again later or on a different instance."
    )
    return Refused(503, told, "Service Unavailable")


def draining() -> Refused:
    """What a request gets that comes after SIGTERM, while `/health` still says 200."""
    return Refused(500, "cannot schedule new futures after shutdown", "InternalServerError")


def dead() -> Refused:
    """What running requests get when the engine below them ends."""
    return Refused(500, ENGINE_DEAD, "InternalServerError")


def out_of_order() -> Refused:
    """What the `errors` fault answers."""
    return Refused(500, "Internal server error", "InternalServerError")

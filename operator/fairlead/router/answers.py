"""What the router answers by itself: errors in OpenAI's shape, the frame that ends a broken stream, the model list."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

DONE: Final = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request gets no answer from an engine."""

    status: int
    code: str
    message: str
    param: str | None = None
    retry_after_seconds: int | None = None

    @property
    def told(self) -> dict[str, Any]:
        """OpenAI's error object; clients decide by `type` and `code`."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        return {"error": {"message": self.message, "type": kind, "param": self.param, "code": self.code}}

    @property
    def body(self) -> bytes:
        """The same as the body of an answer."""
        return json.dumps(self.told).encode()

    def frame(self, last: bytes) -> bytes:
        """The same as the last event of a stream; whatever event was cut short is ended first."""
        gap = b"" if last.endswith((b"\n\n", b"\r\n\r\n")) else b"\n\n"
        return gap + b"data: " + self.body + b"\n\n" + DONE


def unknown_model(name: str, models: Sequence[str]) -> Problem:
    """Clients see which names would do."""
    told = f"model: {name}: no such model here; ask for one of {', '.join(models)}"
    return Problem(status=404, code="model_not_found", message=told, param="model")


def unknown_path(method: str, path: str) -> Problem:
    """Neither ours nor one that engines have."""
    told = f"{method} {path}: no such endpoint; POST to one below /v1/, or GET /v1/models"
    return Problem(status=404, code="not_found", message=told)


def too_large(limit: int) -> Problem:
    """The body is over the limit."""
    told = f"the request's body: over {limit} bytes: more is not read; send a shorter prompt"
    return Problem(status=413, code="request_too_large", message=told)


def nobody(seconds: float, why: str) -> Problem:
    """No engine could be asked in time; the client may come again."""
    told = f"no replica is routable and {why}; come again in a while"
    return Problem(
        status=503, code="no_replica_routable", message=told, retry_after_seconds=max(1, min(30, round(seconds)))
    )


def unreachable(address: str, why: str) -> Problem:
    """The engine went away before it said anything."""
    told = f"replica {address}: {why}, before it answered; send the request again"
    return Problem(status=502, code="replica_unreachable", message=told)


def too_slow(address: str, what: str, seconds: float) -> Problem:
    """A time-out of ours passed."""
    told = f"replica {address}: {what} within {seconds:g} s; send the request again or ask for less"
    return Problem(status=504, code="replica_timeout", message=told)


def cut(address: str, why: str) -> Problem:
    """The stream broke after it began, when nobody can take it over."""
    told = f"replica {address}: {why}, in the middle of the answer; send the request again"
    return Problem(status=502, code="stream_cut", message=told)


def models(names: Sequence[str]) -> dict[str, Any]:
    """The names clients may ask for, without asking an engine: there may be none now."""
    cards = [{"id": name, "object": "model", "created": 0, "owned_by": "fairlead"} for name in names]
    return {"object": "list", "data": cards}

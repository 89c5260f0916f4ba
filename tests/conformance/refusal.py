"""A refusal as a value, and the requests that many refusals share."""

from dataclasses import dataclass
from typing import Final

from tests.conformance.endpoint import MODEL, Json
from tests.conformance.servers import CONTEXT

COMPLETIONS: Final = "/v1/completions"
CHAT: Final = "/v1/chat/completions"
BAD: Final = "BadRequestError"
INVALID: Final = "Bad Request"
"""The error type when body validation refuses a request, before vLLM sees it."""
HELLO: Final = [{"role": "user", "content": "hello world"}]
LETTERS: Final = "hello " * 3000
WEATHER: Final = {
    "type": "function",
    "function": {
        "name": "weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "enum": ["Oslo", "Rome"]},
                "days": {"type": "integer", "minimum": 1, "maximum": 5},
            },
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
OF_WEATHER: Final = {"type": "function", "function": {"name": "weather"}}
TOO_LONG: Final = f"This model's maximum context length is {CONTEXT} tokens. However, your prompt contains "


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A request and the error that answers it."""

    route: str
    body: Json
    message: str
    param: str | None = None
    kind: str = BAD
    status: int = 400


def of_completion(message: str, param: str | None = None, /, **body: Json) -> Refusal:
    """A completion with a valid body, refused for what it requests."""
    return Refusal(route=COMPLETIONS, body={"model": MODEL, "prompt": "x"} | body, message=message, param=param)


def of_chat(message: str, param: str | None = None, /, **body: Json) -> Refusal:
    """The same for a chat."""
    return Refusal(route=CHAT, body={"model": MODEL, "messages": HELLO} | body, message=message, param=param)


def message_with(kind: str, **part: Json) -> Json:
    """A user message that contains more than text."""
    return {"role": "user", "content": [{"type": "text", "text": "what is this?"}, {"type": kind, **part}]}


def of_body(route: str, body: Json, message: str, param: str | None) -> Refusal:
    """A body that cannot be parsed as the route's request."""
    return Refusal(route=route, body=body, message=message, param=param, kind=INVALID)


def unknown(route: str, body: Json) -> Refusal:
    """A request for a model that is not served."""
    message = f"The model `nope` does not exist. Valid aliases: {MODEL}."
    request = {"model": "nope"} | body
    return Refusal(route=route, body=request, message=message, param="model", kind="NotFoundError", status=404)


def invalid(kind: str, place: str, message: str, shown: str) -> str:
    """The one error of a body, as the validator lists it."""
    return f"1 validation error:\n  {{'type': '{kind}', 'loc': '{place}', 'msg': '{message}', 'input': {shown}}}"

"""instructor: structured outputs that it validates itself, sending the error back when validation fails."""

import json
import urllib.request
from importlib.metadata import version
from typing import Any, Final

import anthropic  # type: ignore[import-not-found]  # from the clients' environment
import instructor  # type: ignore[import-not-found]
import openai
import pydantic

from bench.clients.sending.calls import HELLO, MODEL, TIMEOUT_S, Call, Place, refused, try_all

ATTEMPTS: Final = 3


class Forecast(pydantic.BaseModel):
    """The weather of a city for some days."""

    city: str
    days: int


class Picky:
    """A response model that refuses the first answers, whatever they contain."""

    def __init__(self, refusals: int) -> None:
        self.seen = 0
        outer = self

        class PickyForecast(Forecast):
            @pydantic.model_validator(mode="after")
            def _refuse(self) -> "PickyForecast":
                outer.seen += 1
                if outer.seen <= refusals:
                    raise ValueError("name another city, please")
                return self

        self.model = PickyForecast


def _client(place: Place, mode: Any = instructor.Mode.TOOLS) -> Any:  # noqa: ANN401 - its types are not here
    sent = openai.OpenAI(base_url=f"{place.url}/v1", api_key=place.key, max_retries=0, timeout=TIMEOUT_S)
    return instructor.from_openai(sent, mode=mode)


def _create(client: Any, model: Any, **more: Any) -> Any:  # noqa: ANN401 - likewise
    words = {"model": MODEL, "messages": HELLO, "max_tokens": 200, "max_retries": ATTEMPTS}
    return client.chat.completions.create(response_model=model, **words | more)


def _by(place: Place, mode: Any) -> str:  # noqa: ANN401 - likewise
    made = _create(_client(place, mode), Forecast)
    assert isinstance(made, Forecast)
    return f"city {made.city[:20]!r}"


def _retries(place: Place, mode: Any) -> str:  # noqa: ANN401 - likewise
    """Have the validator refuse two answers: each is sent back with the error, and the third is accepted."""
    picky = Picky(2)
    task = {"x-fairlead-task": f"instructor-{mode.name}"}
    before = _requests(place)
    made = _create(_client(place, mode), picky.model, extra_headers=task)
    assert isinstance(made, Forecast)
    assert (picky.seen, _requests(place) - before) == (3, 3), (picky.seen, _requests(place) - before)
    receipt = _posted(place, "/fairlead/v1/outcomes", {"task": task["x-fairlead-task"], "success": True})
    assert receipt["result"] == "counted", receipt
    return "3 attempts in its usage, one task that succeeded"


class AnyObject(pydantic.BaseModel, extra="allow"):
    """Accepts any fields."""


def _json_mode(place: Place) -> str:
    """Accept any object: the emulator writes one of its own, since the schema is only in the prompt."""
    made = _create(_client(place, instructor.Mode.JSON), AnyObject)
    assert made.model_extra, made
    return f"an object with {sorted(made.model_extra)}"


def _gives_up(place: Place) -> str:
    """Never accept an answer: expect the client's own error after as many attempts as it may make."""
    before = _requests(place)
    refused(Exception, lambda: _create(_client(place), Picky(100).model, max_retries=2))
    return f"{_requests(place) - before} attempts"


def _partial(place: Place) -> str:
    pieces = list(
        _client(place).chat.completions.create_partial(
            response_model=Forecast, model=MODEL, messages=HELLO, max_tokens=200
        )
    )
    assert pieces[-1].city
    return f"{len(pieces)} states of one object"


def _messages(place: Place) -> str:
    """Use Anthropic's API."""
    sent = anthropic.Anthropic(base_url=place.url, api_key=place.key, max_retries=0, timeout=TIMEOUT_S)
    made = instructor.from_anthropic(sent).messages.create(
        response_model=Forecast, model=MODEL, messages=HELLO, max_tokens=200, max_retries=ATTEMPTS
    )
    assert isinstance(made, Forecast)
    return f"city {made.city[:20]!r}"


def _requests(place: Place) -> int:
    """How many requests the gateway has counted for this tenant."""
    page = _posted(place, "/v1/usage", None)
    return sum(one["num_model_requests"] for bucket in page["data"] for one in bucket["results"])


def _posted(place: Place, path: str, body: Any) -> Any:  # noqa: ANN401 - any JSON
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{place.url}{path}", data, {"Authorization": f"Bearer {place.key}"})  # noqa: S310 - ours
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310 - ours
        return json.loads(answer.read())


CALLS: Final[dict[str, Call]] = {
    "by tools": lambda place: _by(place, instructor.Mode.TOOLS),
    "by JSON mode": _json_mode,
    "by a schema": lambda place: _by(place, instructor.Mode.JSON_SCHEMA),
    "retries, by tools": lambda place: _retries(place, instructor.Mode.TOOLS),
    "retries, by a schema": lambda place: _retries(place, instructor.Mode.JSON_SCHEMA),
    "a validator that is never content": _gives_up,
    "partial, streamed": _partial,
    "Anthropic's messages": _messages,
}

if __name__ == "__main__":
    raise SystemExit(try_all("instructor", version("instructor"), CALLS))

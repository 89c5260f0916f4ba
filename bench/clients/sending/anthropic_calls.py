"""The `anthropic` package's calls, which the router answers in Anthropic's format."""

import asyncio
from importlib.metadata import version
from typing import Any, Final

import anthropic  # type: ignore[import-not-found]  # from the clients' environment

from bench.clients.sending.calls import HELLO, MODEL, TIMEOUT_S, WEATHER, Call, Place, refused, try_all

TOOL: Final = {"name": "forecast", "description": "of a city", "input_schema": WEATHER}


def _client(place: Place, key: str = "") -> Any:  # noqa: ANN401 - its types are not here
    return anthropic.Anthropic(base_url=place.url, api_key=key or place.key, max_retries=0, timeout=TIMEOUT_S)


def _message(place: Place) -> str:
    made = _client(place).messages.create(model=MODEL, max_tokens=12, system="Be brief.", messages=HELLO)
    assert made.content[0].text
    return f"{made.stop_reason}, {made.usage.output_tokens} tokens"


def _stream(place: Place) -> str:
    with _client(place).messages.stream(model=MODEL, max_tokens=16, messages=HELLO) as coming:
        text = "".join(coming.text_stream)
        final = coming.get_final_message()
    assert text == final.content[0].text
    return f"{final.usage.output_tokens} tokens"


def _tools(place: Place) -> str:
    made = _client(place).messages.create(
        model=MODEL, max_tokens=200, messages=HELLO, tools=[TOOL], tool_choice={"type": "any"}
    )
    block = next(one for one in made.content if one.type == "tool_use")
    assert set(block.input) == {"city", "days"}, block.input
    return f"{block.name} with {sorted(block.input)}"


def _tools_stream(place: Place) -> str:
    with _client(place).messages.stream(
        model=MODEL, max_tokens=200, messages=HELLO, tools=[TOOL], tool_choice={"type": "any"}
    ) as coming:
        final = coming.get_final_message()
    assert any(one.type == "tool_use" for one in final.content)
    return f"{final.stop_reason}"


def _count(place: Place) -> str:
    made = _client(place).messages.count_tokens(model=MODEL, messages=HELLO)
    assert made.input_tokens > 0
    return f"{made.input_tokens} tokens"


def _unknown_model(place: Place) -> str:
    client = _client(place)
    error = refused(
        anthropic.NotFoundError, lambda: client.messages.create(model="nobody", max_tokens=4, messages=HELLO)
    )
    assert error.body["type"] == "error", error.body
    return f"404 {error.body['error']['type']}"


def _wrong_key(place: Place) -> str:
    client = _client(place, "sk-of-nobody")
    error = refused(
        anthropic.AuthenticationError, lambda: client.messages.create(model=MODEL, max_tokens=4, messages=HELLO)
    )
    assert error.body["type"] == "error", error.body
    return f"401 {error.body['error']['type']}"


def _bad_field(place: Place) -> str:
    client = _client(place)
    error = refused(
        anthropic.BadRequestError,
        lambda: client.messages.create(model=MODEL, max_tokens=4, messages=HELLO, extra_body={"messages": "none"}),
    )
    return f"400 in the engine's own words: {error.message}"[:100]


def _at_once(place: Place) -> str:
    async def send() -> int:
        async with anthropic.AsyncAnthropic(
            base_url=place.url, api_key=place.key, max_retries=0, timeout=TIMEOUT_S
        ) as client:
            made = await asyncio.gather(
                *(client.messages.create(model=MODEL, max_tokens=8, messages=HELLO) for _ in range(32))
            )
        return len(made)

    return f"{asyncio.run(send())} answers"


CALLS: Final[dict[str, Call]] = {
    "message": _message,
    "message, streamed": _stream,
    "tools": _tools,
    "tools, streamed": _tools_stream,
    "count tokens": _count,
    "an unknown model": _unknown_model,
    "a wrong key": _wrong_key,
    "a bad field": _bad_field,
    "32 at once": _at_once,
}

if __name__ == "__main__":
    raise SystemExit(try_all("anthropic", version("anthropic"), CALLS))

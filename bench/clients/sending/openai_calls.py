"""The `openai` package's calls."""

import asyncio
import json
import threading
from importlib.metadata import version
from typing import Any, Final

import openai
import pydantic

from bench.clients.sending.calls import HELLO, MODEL, TIMEOUT_S, WEATHER, Call, Place, refused, try_all

TOOL: Final[Any] = {"type": "function", "function": {"name": "forecast", "parameters": WEATHER}}


class Forecast(pydantic.BaseModel):
    """The type that a reply is parsed into."""

    city: str
    days: int


def _client(place: Place, key: str = "", max_retries: int = 0) -> openai.OpenAI:
    request = key or place.key
    return openai.OpenAI(base_url=f"{place.url}/v1", api_key=request, max_retries=max_retries, timeout=TIMEOUT_S)


def _models(place: Place) -> str:
    listed = [model.id for model in _client(place).models.list()]
    assert MODEL in listed, listed
    return f"{_client(place).models.retrieve(MODEL).id} is listed"


def _chat(place: Place) -> str:
    raw = _client(place).chat.completions.with_raw_response.create(
        model=MODEL, messages=HELLO, max_tokens=12, extra_headers={"x-request-id": "openai-1"}
    )
    made = raw.parse()
    assert made.choices[0].message.content
    assert made.usage is not None
    assert raw.headers["x-request-id"] == "openai-1", dict(raw.headers)
    return f"{made.usage.completion_tokens} tokens, request id echoed"


def _chat_stream(place: Place) -> str:
    options: Any = {"include_usage": True}
    made = _client(place).chat.completions.create(
        model=MODEL, messages=HELLO, max_tokens=16, stream=True, stream_options=options
    )
    chunks = list(made)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    usage = chunks[-1].usage
    assert text
    assert usage is not None
    return f"{len(chunks)} chunks, usage {usage.completion_tokens}"


def _chat_stream_helper(place: Place) -> str:
    with _client(place).chat.completions.stream(model=MODEL, messages=HELLO) as coming:
        kinds = [event.type for event in coming]
        final = coming.get_final_completion()
    assert final.choices[0].message.content
    return f"{len(kinds)} events"


def _tools(place: Place) -> str:
    made = _client(place).chat.completions.create(
        model=MODEL, messages=HELLO, tools=[TOOL], tool_choice="required", max_tokens=200
    )
    calls: Any = made.choices[0].message.tool_calls
    arguments = json.loads(calls[0].function.arguments)
    assert set(arguments) == {"city", "days"}, arguments
    return f"{calls[0].function.name} with {sorted(arguments)}"


def _tools_stream(place: Place) -> str:
    made = _client(place).chat.completions.create(
        model=MODEL, messages=HELLO, tools=[TOOL], tool_choice="required", max_tokens=200, stream=True
    )
    parts: list[str] = []
    for chunk in made:
        for choice in chunk.choices:
            parts.extend((call.function.arguments or "") for call in choice.delta.tool_calls or [] if call.function)
    json.loads("".join(parts))
    return f"{len(parts)} pieces of arguments"


def _structured(place: Place) -> str:
    made = _client(place).chat.completions.parse(model=MODEL, messages=HELLO, response_format=Forecast, max_tokens=200)
    read = made.choices[0].message.parsed
    assert isinstance(read, Forecast)
    return f"city {read.city[:20]!r}"


def _completion(place: Place) -> str:
    made = _client(place).completions.create(model=MODEL, prompt="The tide", max_tokens=8)
    assert made.choices[0].text
    return f"{made.choices[0].finish_reason}"


def _response(place: Place) -> str:
    made = _client(place).responses.create(model=MODEL, input="The tide", max_output_tokens=12)
    assert made.output_text
    return f"{made.status}"


def _response_stream(place: Place) -> str:
    with _client(place).responses.stream(model=MODEL, input="The tide", max_output_tokens=12) as coming:
        kinds = [event.type for event in coming]
    assert kinds[0] == "response.created", kinds
    assert "response.output_text.delta" in kinds, kinds
    return f"{len(kinds)} events"


def _embeddings(place: Place) -> str:
    client = openai.OpenAI(base_url=f"{place.embedding_url}/v1", api_key=place.key, max_retries=0, timeout=TIMEOUT_S)
    made = client.embeddings.create(model="embedding", input=["tide", "harbour"])
    assert len(made.data) == 2
    return f"2 vectors of {len(made.data[0].embedding)}"


def _unknown_model(place: Place) -> str:
    error = refused(
        openai.NotFoundError, lambda: _client(place).chat.completions.create(model="nobody", messages=HELLO)
    )
    return f"404 {error.code} {error.message}"[:100]


def _bad_field(place: Place) -> str:
    client = _client(place)
    error = refused(
        openai.BadRequestError,
        lambda: client.chat.completions.create(model=MODEL, messages=HELLO, temperature=-1),
    )
    return f"400 {error.message}"[:100]


def _wrong_key(place: Place) -> str:
    client = _client(place, key="sk-of-nobody")
    error = refused(openai.AuthenticationError, lambda: client.chat.completions.create(model=MODEL, messages=HELLO))
    return f"401 {error.message}"[:100]


def _too_often(place: Place) -> str:
    """Exceed one request a minute: the second is answered with the time to retry after."""
    client = _client(place, key=place.narrow_key)

    def twice() -> None:
        for _ in range(3):
            client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=2)

    error = refused(openai.RateLimitError, twice)
    wait = error.response.headers.get("retry-after")
    assert wait, dict(error.response.headers)
    return f"429, retry-after {wait}"


def _at_once(place: Place) -> str:
    async def send() -> int:
        async with openai.AsyncOpenAI(
            base_url=f"{place.url}/v1", api_key=place.key, max_retries=0, timeout=TIMEOUT_S
        ) as client:
            made = await asyncio.gather(
                *(client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=8) for _ in range(64))
            )
        return len(made)

    return f"{asyncio.run(send())} answers"


def _left(place: Place) -> str:
    """Leave in the middle of a stream, then send another request over the same client."""
    client = _client(place)
    with client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=500, stream=True) as coming:
        next(iter(coming))
    made = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=4)
    assert made.choices
    return "closed after one chunk; the next call is served"


def _sick_engine(place: Place) -> str:
    """Let one of two engines answer 500 to all. The router passes one 500 on, since it may be the request's own fault,
    and takes the engine out when it goes on; the client retries as it does by default.
    """
    client = _client(place, max_retries=openai.DEFAULT_MAX_RETRIES)
    place.fault(0, "errors")
    try:
        for number in range(12):
            prompt: Any = [{"role": "user", "content": f"{number} and the tide"}]
            client.chat.completions.create(model=MODEL, messages=prompt, max_tokens=4)
    finally:
        place.fault(0, "")
    return "12 calls with one of two engines failing: 12 answers"


def _own_retries(place: Place) -> str:
    """Let both engines fail at first: the client's own retries reach one that has recovered."""
    client = _client(place, max_retries=6)
    _order(place, "errors")
    well = threading.Timer(1.0, _order, (place, ""))
    well.start()
    made = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=4)
    well.join()
    assert made.choices
    return "answered after the engines were well again"


def _order(place: Place, fault: str) -> None:
    for engine in range(len(place.engines)):
        place.fault(engine, fault)


CALLS: Final[dict[str, Call]] = {
    "models": _models,
    "chat": _chat,
    "chat, streamed, with usage": _chat_stream,
    "chat, the client's stream helper": _chat_stream_helper,
    "tools": _tools,
    "tools, streamed": _tools_stream,
    "structured output, parsed": _structured,
    "completion": _completion,
    "response": _response,
    "response, streamed": _response_stream,
    "embeddings": _embeddings,
    "an unknown model": _unknown_model,
    "a bad field": _bad_field,
    "a wrong key": _wrong_key,
    "too often": _too_often,
    "64 at once": _at_once,
    "leaving a stream": _left,
    "one engine fails": _sick_engine,
    "the client's own retries": _own_retries,
}

if __name__ == "__main__":
    raise SystemExit(try_all("openai", version("openai"), CALLS))

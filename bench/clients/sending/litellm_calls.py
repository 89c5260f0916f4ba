"""LiteLLM as a client: the library through which other gateways and agents send requests."""

import asyncio
from importlib.metadata import version
from typing import Any, Final

import litellm  # type: ignore[import-not-found]  # from the clients' environment

from bench.clients.sending.calls import HELLO, MODEL, TIMEOUT_S, WEATHER, Call, Place, refused, try_all

TOOL: Final = {"type": "function", "function": {"name": "forecast", "parameters": WEATHER}}
SCHEMA: Final = {"type": "json_schema", "json_schema": {"name": "forecast", "schema": WEATHER, "strict": True}}


def _where(place: Place, **texts: str) -> dict[str, Any]:
    return {
        "model": f"hosted_vllm/{MODEL}",
        "api_base": f"{place.url}/v1",
        "api_key": place.key,
        "num_retries": 0,
        "timeout": TIMEOUT_S,
    } | texts


def _chat(place: Place) -> str:
    made = litellm.completion(**_where(place), messages=HELLO, max_tokens=12)
    assert made.choices[0].message.content
    return f"{made.usage.completion_tokens} tokens"


def _stream(place: Place) -> str:
    made = litellm.completion(
        **_where(place), messages=HELLO, max_tokens=16, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(made)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    return f"{len(chunks)} chunks"


def _tools(place: Place) -> str:
    made = litellm.completion(**_where(place), messages=HELLO, tools=[TOOL], tool_choice="required", max_tokens=200)
    return str(made.choices[0].message.tool_calls[0].function.name)


def _structured(place: Place) -> str:
    made = litellm.completion(**_where(place), messages=HELLO, response_format=SCHEMA, max_tokens=200)
    assert made.choices[0].message.content.lstrip().startswith("{")
    return "keeps the schema's shape"


def _text(place: Place) -> str:
    document = _where(place) | {"model": f"text-completion-openai/{MODEL}"}
    made = litellm.text_completion(**document, prompt="The tide", max_tokens=8)
    assert made.choices[0].text
    return str(made.choices[0].finish_reason)


def _embeddings(place: Place) -> str:
    texts = {"model": "openai/embedding", "api_base": f"{place.embedding_url}/v1", "api_key": place.key}
    made = litellm.embedding(**texts, input=["tide"])
    return f"a vector of {len(made.data[0]['embedding'])}"


def _messages(place: Place) -> str:
    """Use Anthropic's API through LiteLLM's Anthropic driver."""
    texts = {"model": f"anthropic/{MODEL}", "api_base": place.url, "api_key": place.key}
    made = litellm.completion(**texts, messages=HELLO, max_tokens=12)
    assert made.choices[0].message.content
    return f"{made.usage.completion_tokens} tokens"


def _unknown_model(place: Place) -> str:
    where = _where(place, model="hosted_vllm/nobody")
    error = refused(litellm.NotFoundError, lambda: litellm.completion(**where, messages=HELLO))
    return f"404 {error}"[:100]


def _wrong_key(place: Place) -> str:
    where = _where(place, api_key="sk-of-nobody")
    error = refused(litellm.AuthenticationError, lambda: litellm.completion(**where, messages=HELLO))
    return f"401 {error}"[:100]


def _at_once(place: Place) -> str:
    async def send() -> int:
        made = await asyncio.gather(
            *(litellm.acompletion(**_where(place), messages=HELLO, max_tokens=8) for _ in range(32))
        )
        return len(made)

    return f"{asyncio.run(send())} answers"


CALLS: Final[dict[str, Call]] = {
    "chat": _chat,
    "chat, streamed": _stream,
    "tools": _tools,
    "structured output": _structured,
    "completion": _text,
    "embeddings": _embeddings,
    "Anthropic's messages": _messages,
    "an unknown model": _unknown_model,
    "a wrong key": _wrong_key,
    "32 at once": _at_once,
}

if __name__ == "__main__":
    raise SystemExit(try_all("litellm", version("litellm"), CALLS))

"""LangChain's OpenAI classes: agents' chat models, tools, structured outputs and embeddings."""

from importlib.metadata import version
from typing import Any, Final

import openai
import pydantic
from langchain_openai import ChatOpenAI, OpenAIEmbeddings  # type: ignore[import-not-found]  # of the clients' environment

from bench.clients.sending.calls import MODEL, TIMEOUT_S, Call, Place, refused, try_all

QUESTION: Final = "Tell me of the tide, please."


class Forecast(pydantic.BaseModel):
    """The weather of a city for some days."""

    city: str
    days: int


def _model(place: Place, **more: Any) -> Any:  # noqa: ANN401 - its types are not here
    words = {"model": MODEL, "api_key": place.key, "max_retries": 0, "timeout": TIMEOUT_S, "max_tokens": 200}
    return ChatOpenAI(base_url=f"{place.url}/v1", **words | more)


def _chat(place: Place) -> str:
    made = _model(place, max_tokens=12).invoke(QUESTION)
    assert made.content
    return f"{made.usage_metadata['output_tokens']} tokens of {made.response_metadata['model_name']}"


def _stream(place: Place) -> str:
    chunks = list(_model(place, max_tokens=16, stream_usage=True).stream(QUESTION))
    assert "".join(chunk.content for chunk in chunks)
    usage = [chunk.usage_metadata for chunk in chunks if chunk.usage_metadata]
    return f"{len(chunks)} chunks, usage {usage[-1]['output_tokens']}"


def _tools(place: Place) -> str:
    made = _model(place).bind_tools([Forecast], tool_choice="any").invoke(QUESTION)
    (call,) = made.tool_calls
    assert set(call["args"]) == {"city", "days"}, call
    return f"{call['name']} with {sorted(call['args'])}"


def _structured(place: Place, method: str) -> str:
    made = _model(place).with_structured_output(Forecast, method=method).invoke(QUESTION)
    assert isinstance(made, Forecast)
    return f"city {made.city[:20]!r}"


def _batch(place: Place) -> str:
    made = _model(place, max_tokens=8).batch([QUESTION] * 16)
    assert all(one.content for one in made)
    return f"{len(made)} answers"


def _chain(place: Place) -> str:
    """Chain two models, as an agent does."""
    first = _model(place, max_tokens=8)
    second = _model(place).with_structured_output(Forecast)
    made = (first | (lambda message: message.content) | second).invoke(QUESTION)
    assert isinstance(made, Forecast)
    return "a text, then a schema"


def _responses(place: Place) -> str:
    made = _model(place, max_tokens=12, use_responses_api=True).invoke(QUESTION)
    assert made.content
    return f"{len(made.content)} parts"


def _embeddings(place: Place) -> str:
    embeddings = OpenAIEmbeddings(
        model="embedding", base_url=f"{place.embedding_url}/v1", api_key=place.key, check_embedding_ctx_length=False
    )
    made = embeddings.embed_documents(["tide", "harbour"])
    return f"{len(made)} vectors of {len(made[0])}"


def _unknown_model(place: Place) -> str:
    error = refused(openai.NotFoundError, lambda: _model(place, model="nobody").invoke(QUESTION))
    return f"404 {error.code}"


def _wrong_key(place: Place) -> str:
    error = refused(openai.AuthenticationError, lambda: _model(place, api_key="sk-of-nobody").invoke(QUESTION))
    return f"401 {error.code}"


def _json_mode(place: Place) -> str:
    made = _model(place).bind(response_format={"type": "json_object"}).invoke(f"{QUESTION} Answer in JSON.")
    assert made.content.lstrip().startswith("{"), made.content
    return "an object"


CALLS: Final[dict[str, Call]] = {
    "chat": _chat,
    "chat, streamed, with usage": _stream,
    "tools": _tools,
    "structured output by schema": lambda place: _structured(place, "json_schema"),
    "structured output by a tool": lambda place: _structured(place, "function_calling"),
    "structured output by JSON mode": _json_mode,
    "16 in a batch": _batch,
    "a chain": _chain,
    "response": _responses,
    "embeddings": _embeddings,
    "an unknown model": _unknown_model,
    "a wrong key": _wrong_key,
}

if __name__ == "__main__":
    raise SystemExit(try_all("langchain-openai", version("langchain-openai"), CALLS))

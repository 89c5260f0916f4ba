"""The `openai` package's own client, as users' programs use it."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.conformance.endpoint import MODEL, Endpoint

HELLO: Any = [{"role": "user", "content": "hello world"}]


@pytest.fixture
def client(plain: Endpoint) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{plain.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [MODEL]


def test_a_completion(client: openai.OpenAI) -> None:
    made = client.completions.create(model=MODEL, prompt="hello", max_tokens=4, temperature=0)
    assert made.usage is not None
    assert made.usage.total_tokens == made.usage.prompt_tokens + made.usage.completion_tokens


def test_a_chat(client: openai.OpenAI) -> None:
    made = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=4, temperature=0)
    assert made.choices[0].message.role == "assistant"
    assert made.choices[0].message.content


def test_a_chat_as_it_comes(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model=MODEL, messages=HELLO, max_tokens=6, temperature=0)
    with client.chat.completions.create(
        model=MODEL,
        messages=HELLO,
        max_tokens=6,
        temperature=0,
        stream=True,
        stream_options={"include_usage": True},
    ) as coming:
        chunks = list(coming)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content
    counted, at_once = chunks[-1].usage, whole.usage
    assert counted is not None
    assert at_once is not None
    assert (counted.prompt_tokens, counted.completion_tokens) == (at_once.prompt_tokens, at_once.completion_tokens)


def test_a_response(client: openai.OpenAI) -> None:
    made = client.responses.create(model=MODEL, input="hello", max_output_tokens=6, temperature=0)
    assert made.output_text
    assert made.usage is not None


def test_a_response_as_it_comes(client: openai.OpenAI) -> None:
    with client.responses.stream(model=MODEL, input="hello", max_output_tokens=6, temperature=0) as coming:
        kinds = [event.type for event in coming]
    assert kinds[0] == "response.created"
    assert "response.output_text.delta" in kinds


def test_an_unknown_model_is_the_clients_own_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="does not exist"):
        client.chat.completions.create(model="nope", messages=HELLO)


def test_a_bad_wish_is_the_clients_own_error(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="temperature must be non-negative"):
        client.chat.completions.create(model=MODEL, messages=HELLO, temperature=-1)

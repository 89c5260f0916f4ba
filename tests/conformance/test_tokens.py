"""POST /tokenize and /detokenize: the tokenizer is consistent with itself and with the counts."""

import pytest

from tests.conformance.endpoint import MODEL, Endpoint
from tests.conformance.servers import CONTEXT

TEXTS = ["hello world", "tell me a story about the sea", "x", "", "naïve — ünïcode ✓", '{"a": [1, 2]}\n\ttab']


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_survives_the_way_there_and_back(plain: Endpoint, text: str) -> None:
    tokenized = plain.post("/tokenize", model=MODEL, prompt=text).json
    assert list(tokenized) == ["count", "max_model_len", "tokens", "token_strs"]
    assert (tokenized["count"], tokenized["max_model_len"], tokenized["token_strs"]) == (
        len(tokenized["tokens"]),
        CONTEXT,
        None,
    )
    assert plain.post("/detokenize", model=MODEL, tokens=tokenized["tokens"]).json == {"prompt": text}


def test_the_count_is_what_a_completion_pays(richer: Endpoint) -> None:
    counted = richer.post("/tokenize", model=MODEL, prompt=TEXTS[1]).json["count"]
    assert richer.complete(TEXTS[1], max_tokens=1).json["usage"]["prompt_tokens"] == counted


def test_a_completion_of_the_tokens_is_a_completion_of_the_text(richer: Endpoint) -> None:
    tokens = richer.post("/tokenize", model=MODEL, prompt=TEXTS[1]).json["tokens"]
    by_text, by_tokens = (richer.complete(prompt, max_tokens=8).json for prompt in (TEXTS[1], tokens))
    assert by_tokens["choices"] == by_text["choices"]
    assert by_tokens["usage"]["total_tokens"] == by_text["usage"]["total_tokens"]


def test_tokens_can_be_shown_as_texts(plain: Endpoint) -> None:
    tokenized = plain.post("/tokenize", model=MODEL, prompt="hello world", return_token_strs=True).json
    assert len(tokenized["token_strs"]) == tokenized["count"]


def test_a_conversation_is_counted_with_its_template(richer: Endpoint) -> None:
    messages = [{"role": "user", "content": "hello"}]
    tokenized = richer.post("/tokenize", model=MODEL, messages=messages).json
    without = richer.post("/tokenize", model=MODEL, messages=messages, add_generation_prompt=False).json
    assert 0 < without["count"] < tokenized["count"]
    assert tokenized["tokens"][: without["count"]] == without["tokens"]


def test_neither_text_nor_conversation_is_refused(plain: Endpoint) -> None:
    answer = plain.post("/tokenize", model=MODEL)
    missing = "{{'type': 'missing', 'loc': 'body.{}', 'msg': 'Field required', 'input': '<dict of 1 items>'}}"
    lines = ["2 validation errors:", missing.format("prompt"), missing.format("messages")]
    assert (answer.status, answer.json["error"]["message"]) == (400, "\n  ".join(lines))


def test_a_token_beyond_the_vocabulary_has_no_text(plain: Endpoint) -> None:
    assert plain.post("/detokenize", model=MODEL, tokens=[9_999_999]).json == {"prompt": ""}

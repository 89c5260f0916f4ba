"""Constrained output: a JSON schema, a JSON object, a choice, an expression, a grammar."""

import json
import re

import jsonschema
import pytest

from tests.conformance import bodies
from tests.conformance.endpoint import MODEL, Endpoint, Json

ANIMAL = {
    "type": "object",
    "properties": {
        "kind": {"type": "string", "enum": ["cat", "dog"]},
        "age": {"type": "integer", "minimum": 0, "maximum": 30},
        "tags": {"type": "array", "items": {"type": "string", "enum": ["old", "young"]}, "minItems": 1, "maxItems": 2},
    },
    "required": ["kind", "age", "tags"],
    "additionalProperties": False,
}
OF_ANIMAL = {"type": "json_schema", "json_schema": {"name": "animal", "schema": ANIMAL, "strict": True}}
ENOUGH = 300


def test_a_chat_keeps_a_schema(either: Endpoint) -> None:
    (choice,) = either.chat("hello", max_tokens=ENOUGH, response_format=OF_ANIMAL).json["choices"]
    assert choice["finish_reason"] == "stop"
    jsonschema.validate(json.loads(choice["message"]["content"]), ANIMAL)


def test_a_chats_stream_keeps_a_schema(either: Endpoint) -> None:
    chunks = either.chat("hello", max_tokens=ENOUGH, response_format=OF_ANIMAL, stream=True).chunks
    assert bodies.finishes(chunks) == ["stop"]
    jsonschema.validate(json.loads(bodies.spoken(chunks)), ANIMAL)


@pytest.mark.parametrize("spec", [{"response_format": OF_ANIMAL}, {"structured_outputs": {"json": ANIMAL}}])
def test_a_completion_keeps_a_schema(plain: Endpoint, spec: Json) -> None:
    (choice,) = plain.complete("x", max_tokens=ENOUGH, **spec).json["choices"]
    assert choice["finish_reason"] == "stop"
    jsonschema.validate(json.loads(choice["text"]), ANIMAL)


def test_a_schema_that_is_cut_is_cut(either: Endpoint) -> None:
    (choice,) = either.chat("hello", max_tokens=3, response_format=OF_ANIMAL).json["choices"]
    assert choice["finish_reason"] == "length"
    with pytest.raises(json.JSONDecodeError):
        json.loads(choice["message"]["content"])


def test_some_object_is_an_object(either: Endpoint) -> None:
    (choice,) = either.chat("hello", max_tokens=ENOUGH, response_format={"type": "json_object"}).json["choices"]
    begun = choice["message"]["content"]
    assert begun.lstrip().startswith("{")
    if choice["finish_reason"] == "stop":
        assert isinstance(json.loads(begun), dict)


def test_text_is_no_form_at_all(plain: Endpoint) -> None:
    figures = {"max_tokens": 8, "ignore_eos": True}
    formed, free = plain.chat("hello", response_format={"type": "text"}, **figures), plain.chat("hello", **figures)
    assert formed.json["choices"] == free.json["choices"]


def test_a_choice_is_one_of_the_choices(plain: Endpoint) -> None:
    (choice,) = plain.complete("x", max_tokens=ENOUGH, structured_outputs={"choice": ["red", "green"]}).json["choices"]
    assert choice["text"] in ("red", "green")
    assert choice["finish_reason"] == "stop"


def test_an_expression_is_matched(plain: Endpoint) -> None:
    texts = {"regex": "[a-c]{3}-[0-9]{2}"}
    (choice,) = plain.complete("x", max_tokens=ENOUGH, structured_outputs=texts).json["choices"]
    assert re.fullmatch(texts["regex"], choice["text"])


def test_a_grammar_is_kept(plain: Endpoint) -> None:
    texts = {"grammar": 'root ::= "yes" | "no"'}
    (choice,) = plain.complete("x", max_tokens=ENOUGH, structured_outputs=texts).json["choices"]
    assert choice["text"] in ("yes", "no")


def test_a_response_keeps_a_schema(plain: Endpoint) -> None:
    form = {"format": {"type": "json_schema", "name": "animal", "schema": ANIMAL}}
    document = {"model": MODEL, "input": "hello", "max_output_tokens": ENOUGH, "temperature": 0}
    body = plain.post("/v1/responses", text=form, **document).json
    assert body["status"] == "completed"
    jsonschema.validate(json.loads(body["output"][0]["content"][0]["text"]), ANIMAL)

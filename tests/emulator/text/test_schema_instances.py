"""Answers constrained by a JSON schema, checked by the `jsonschema` package."""

import json
from typing import Any, Final

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.emulator.text import schema_instances
from fairlead.emulator.text.draws import SeededDraws

SEEDS: Final = [b"%d" % number for number in range(25)]
SCHEMAS: Final[dict[str, Any]] = {
    "nothing said": {},
    "anything goes": True,
    "an animal": {
        "type": "object",
        "properties": {"kind": {"enum": ["cat", "dog"]}, "age": {"type": "integer", "minimum": 0, "maximum": 30}},
        "required": ["kind", "age"],
        "additionalProperties": False,
    },
    "a required name that nobody described": {"type": "object", "required": ["wind"]},
    "others described together": {"required": ["a"], "additionalProperties": {"type": "integer"}},
    "at least so many names": {"type": "object", "properties": {"a": {}}, "minProperties": 3},
    "at most so many names": {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1},
    "lists": {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
    "a list of fixed places": {"type": "array", "prefixItems": [{"const": 1}, {"type": "null"}], "items": False},
    "unlike items": {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "maxItems": 3, "uniqueItems": True},
    "text of a length": {"type": "string", "minLength": 30, "maxLength": 40},
    "short text": {"type": "string", "maxLength": 3},
    "a pattern": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{4}$"},
    "a date": {"type": "string", "format": "date"},
    "an address": {"type": "string", "format": "email"},
    "one of two": {"anyOf": [{"type": "string", "maxLength": 5}, {"type": "object", "required": ["x"]}]},
    "exactly one": {"oneOf": [{"type": "null"}, {"type": "number", "minimum": 3}]},
    "all of them": {
        "allOf": [
            {"properties": {"a": {"type": "integer"}}, "required": ["a"]},
            {"properties": {"a": {"minimum": 7}, "b": {"type": "null"}}, "required": ["b"]},
            {"type": ["object", "null"], "maxProperties": 4},
        ]
    },
    "two bounds on one": {"allOf": [{"type": "number"}, {"type": "integer", "maximum": 9}, {"maximum": 4}]},
    "named elsewhere": {
        "$defs": {"tree": {"type": "object", "properties": {"next": {"$ref": "#/$defs/tree"}, "n": {"const": 1}}}},
        "$ref": "#/$defs/tree",
        "required": ["n"],
    },
    "named through a list": {"prefixItems": [{"type": "integer"}], "items": {"$ref": "#/prefixItems/0"}},
    "several types": {"type": ["null", "integer"]},
    "only null": {"type": "null"},
    "an enum with a type": {"type": "integer", "enum": ["x", 2, 2.5, True]},
    "enums that meet": {"enum": [1, 2], "allOf": [{"enum": [2, 3]}]},
    "above": {"type": "integer", "exclusiveMinimum": 4},
    "below": {"type": "integer", "exclusiveMaximum": -4},
    "steps": {"type": "integer", "minimum": 5, "maximum": 9, "multipleOf": 4},
    "narrow": {"type": "number", "exclusiveMinimum": 0.1, "exclusiveMaximum": 0.2},
    "steps for whole numbers": {"type": "integer", "multipleOf": 0.5, "minimum": 3},
    "slashes in a name": {"$defs": {"a/b": {"const": 5}}, "$ref": "#/$defs/a~1b"},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_answers_keep_their_schema(name: str) -> None:
    schema = SCHEMAS[name]
    judge = jsonschema.Draft202012Validator(schema)
    for seed in SEEDS:
        judge.validate(json.loads(schema_instances.answer(schema, seed)))


def schemas() -> st.SearchStrategy[Any]:
    """Schemas as applications write them: objects in lists in objects, with satisfiable bounds."""
    numbers = st.tuples(st.integers(-50, 50), st.integers(0, 40), st.sampled_from(["integer", "number"])).map(
        lambda drawn: {"type": drawn[2], "minimum": drawn[0], "maximum": drawn[0] + drawn[1]}
    )
    texts = st.tuples(st.integers(0, 9), st.integers(0, 9)).map(
        lambda drawn: {"type": "string", "minLength": drawn[0], "maxLength": drawn[0] + drawn[1]}
    )
    plain = st.sampled_from([{"type": "boolean"}, {"type": "null"}, {"enum": ["a", 1, None]}, {"const": {"k": [1]}}])
    return st.recursive(numbers | texts | plain, _larger, max_leaves=8)


def _larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.tuples(inner, st.integers(0, 3), st.integers(0, 3)).map(
        lambda drawn: {"type": "array", "items": drawn[0], "minItems": drawn[1], "maxItems": drawn[1] + drawn[2]}
    )
    objects = st.dictionaries(st.sampled_from("abcd"), inner).flatmap(
        lambda document: st.sets(st.sampled_from(sorted(document) or ["a"])).map(
            lambda must: {"type": "object", "properties": document, "required": sorted(must)}
        )
    )
    closed = objects.map(
        lambda schema: {**schema, "additionalProperties": False, "required": sorted(schema["properties"])}
    )
    return lists | objects | closed | st.lists(inner, min_size=1, max_size=3).map(lambda some: {"anyOf": some})


@settings(max_examples=100)
@given(schemas(), st.binary(max_size=4))
def test_answers_always_keep_whatever_schema_is_drawn(schema: dict[str, Any], seed: bytes) -> None:
    jsonschema.Draft202012Validator(schema).validate(schema_instances.instance(schema, SeededDraws(seed)))


def test_the_same_seed_gives_the_same_answer_and_others_give_others() -> None:
    names = {schema_instances.answer(SCHEMAS["an animal"], seed) for seed in SEEDS}
    assert len(names) > 5
    assert schema_instances.answer(SCHEMAS["an animal"], b"1") == schema_instances.answer(SCHEMAS["an animal"], b"1")


def test_a_schema_without_a_finite_instance_still_gives_a_text() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert json.loads(schema_instances.answer(endless, b"x"))["next"]["next"]["next"] is not None


@pytest.mark.parametrize("reference", ["#/nowhere", "#/$defs/none", "https://elsewhere"])
def test_a_reference_that_leads_nowhere_allows_any_value(reference: str) -> None:
    assert isinstance(json.loads(schema_instances.answer({"$ref": reference, "$defs": {}}, b"x")), str)


def test_references_in_a_circle_end() -> None:
    circle = {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    assert isinstance(json.loads(schema_instances.answer(circle, b"x")), str)


def test_a_pattern_that_cannot_be_read_gives_plain_text() -> None:
    assert isinstance(json.loads(schema_instances.answer({"type": "string", "pattern": "(?=x)x"}, b"x")), str)

"""Schemas that anyone may send: compiled once, bounded, and unable to hang a router or make it fetch."""

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.routing.answers import compiled_schemas
from fairlead.routing.answers.check_results import PASSED, AnswerFault, CheckResult
from fairlead.routing.answers.compiled_schemas import CompiledSchema, CompiledSchemas, compiled

RECURSIVE = {
    "$defs": {
        "json": {
            "anyOf": [
                {"type": "object", "additionalProperties": {"$ref": "#/$defs/json"}},
                {"type": "array", "items": {"$ref": "#/$defs/json"}},
                {"type": ["string", "number", "boolean", "null"]},
            ]
        }
    },
    "$ref": "#/$defs/json",
}
TWICE = {
    "type": "object",
    "anyOf": [{"properties": {"c": {"$ref": "#"}}}, {"properties": {"c": {"$ref": "#"}, "d": False}}],
}
"""It checks each place twice: n levels take two to the n checks."""
MANY = {"$defs": {str(n): True for n in range(201)}, "anyOf": [{"$ref": f"#/$defs/{n}"} for n in range(201)]}


def ready(schema: object) -> CompiledSchema:
    found = compiled(json.dumps(schema).encode())
    assert isinstance(found, CompiledSchema), found
    return found


def nested(depth: int) -> str:
    return '{"c":' * depth + "1" + "}" * depth


def unfolding(levels: int) -> dict[str, Any]:
    """Each level twice the one below it."""
    below = {f"d{level}": {"anyOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(levels)}
    return {"$defs": {**below, f"d{levels}": {"type": "integer"}}, "$ref": "#/$defs/d0"}


def test_a_schema_with_references_checks_by_them() -> None:
    address = {"type": "object", "properties": {"zip": {"pattern": "^[0-9]{5}$"}}, "required": ["zip"]}
    person = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/person",
        "$defs": {"Home address": address, "a/b": {"allOf": [True, {"type": "integer"}]}},
        "properties": {
            "home": {"$ref": "#/$defs/Home%20address"},
            "work": {"anyOf": [{"$ref": "#/$defs/Home%20address"}, {"type": "null"}]},
            "n": {"$ref": "#/$defs/a~1b/allOf/1"},
        },
    }
    schema = ready(person)
    assert schema.check('{"home": {"zip": "12345"}, "work": null, "n": 1}') is PASSED
    assert schema.check('{"home": {"zip": "1"}}').message == 'at $.home.zip: "1" does not match "^[0-9]{5}$"'
    assert schema.check('{"n": "x"}').message == 'at $.n: "x" is not of type "integer"'


def test_a_schema_that_contains_itself_once_checks_documents_of_any_depth() -> None:
    schema = ready(RECURSIVE)
    assert (schema.cost.growth, schema.check("[" * 400 + "]" * 400)) == (1, PASSED)
    tree = ready(
        {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "items": {"prefixItems": [{"$ref": "#"}]}}}
    )
    assert tree.cost.growth == 1
    assert tree.check('{"left": {"left": {}, "right": {}}}') is PASSED


def test_one_that_contains_itself_twice_at_a_place_is_checked_until_that_takes_too_long() -> None:
    schema = ready(TWICE)
    assert schema.check(nested(3)).keyword == "anyOf"
    assert schema.check(nested(12)).message == "it does not match the JSON schema of the request"
    before = time.perf_counter()  # noqa: TID251 - tests that it ends
    assert schema.check(nested(300)).fault is AnswerFault.TOO_COSTLY
    assert schema.check("[" + nested(300) + "]").fault is AnswerFault.TOO_COSTLY
    assert time.perf_counter() - before < 5  # noqa: TID251 - the same


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"$ref": "http://127.0.0.1:9/x"}, "$ref 'http://127.0.0.1:9/x' is not a path inside the schema; "),
        ({"$ref": "file:///etc/passwd"}, "$ref 'file:///etc/passwd' is not a path inside the schema; "),
        ({"$ref": "#name"}, "$ref '#name' is not a path inside the schema; write #/$defs/NAME"),
        ({"$ref": "#/$defs/a"}, "$ref '#/$defs/a' names nothing in the schema; define it there"),
        ({"anyOf": [True], "not": {"$ref": "#/anyOf/1"}}, "$ref '#/anyOf/1' names nothing in the schema; "),
        ({"anyOf": [True], "not": {"$ref": "#/anyOf/x"}}, "$ref '#/anyOf/x' names nothing in the schema; "),
        ({"$ref": "#/$ref/x"}, "$ref '#/$ref/x' names nothing in the schema; define it there"),
        ({"$ref": "#"}, "'#' refers to itself without a step into the document; remove that cycle"),
        ({"$dynamicRef": "#a"}, "$dynamicRef is not supported; use $ref with a path inside the schema"),
        ({"properties": {"a": {"$id": "x", "type": "string"}}}, "a part of it has an $id of its own; remove it"),
        ({"$schema": "http://example.com/own"}, "Unknown meta-schema: 'http://example.com/own'"),
        ({"type": "strnig"}, '"strnig" is not valid under any of the schemas'),
        ({"pattern": "(?=a)b"}, '"(?=a)b" is not a "regex"'),
        ({"pattern": "a" * 513}, "more than 16 patterns, or one of more than 512 characters; use fewer"),
        ({"patternProperties": dict.fromkeys(map(str, range(17)), True)}, "more than 16 patterns, or one of more "),
        ({"anyOf": [{"pattern": "a"}] * 17}, "more than 16 patterns, or one of more than 512 characters; use fewer"),
        (
            {"properties": {"title": {"pattern": "a" * 513}}},
            "more than 16 patterns, or one of more than 512 characters",
        ),
        (
            {"default": {"anyOf": [{"pattern": "a"}] * 17}, "$ref": "#/default"},
            "more than 16 patterns, or one of more ",
        ),
        ({"title": "a" * 70_000}, "it has 70013 bytes, at most 65536 are read; shorten it"),
        (unfolding(30), "it expands to more than 5000 subschemas; refer less often to large parts"),
        (MANY, "it has more than 200 different references; write some of them out"),
        (5, '5 is not of types "boolean", "object"'),
    ],
)
def test_a_hostile_or_senseless_schema_is_refused_in_a_sentence(schema: object, why: str) -> None:
    refused = compiled(json.dumps(schema).encode())
    assert isinstance(refused, CheckResult)
    assert refused.fault is AnswerFault.SCHEMA_REFUSED
    assert refused.message.startswith(f"the JSON schema is not used: {why}"), refused.message
    assert len(refused.message) <= 240


def both_ways(depth: int, *, long: bool) -> dict[str, Any]:
    """A member by name beside a rule for all members, nested; long members meet all rules below in ever new ways."""
    schema: dict[str, Any] = {"type": "object"}
    chain: object = True
    for _ in range(depth):
        schema = {"properties": {"a": chain, "b": True}, "additionalProperties": schema}
        chain = {"additionalProperties": chain} if long else True
    return schema


def test_members_by_name_beside_a_rule_for_all_members_are_counted_once_however_deep() -> None:
    assert ready(both_ways(30, long=False)).cost == ready(both_ways(3, long=False)).cost


def refusal(schema: object) -> str:
    refused = compiled(json.dumps(schema).encode())
    assert isinstance(refused, CheckResult)
    return refused.message.removeprefix("the JSON schema is not used: ")


def test_parts_that_meet_in_ever_new_ways_are_refused_before_they_hang_a_router() -> None:
    meets = "its rules for some and for all members meet over 20000 times; nest fewer of both"
    assert refusal(both_ways(24, long=True)) == meets


def test_many_spellings_of_one_large_part_are_refused_before_they_hang_a_router() -> None:
    spelt = (
        "".join(f"%{ord(one):02x}" if bits >> n & 1 else one for n, one in enumerate("allOf")) for bits in range(32)
    )
    large = {"allOf": [{"minimum": n, "examples": [{}]} for n in range(1500)]}
    walked = "its references name large parts too often; write some of them out"
    assert refusal(large | {"anyOf": [{"$ref": f"#/{one}"} for one in spelt]}) == walked


def test_schemas_that_nest_without_end_are_refused() -> None:
    deep = b'{"not":' * 101 + b"true" + b"}" * 101
    deeper = b'{"not":' * 20_000 + b"true" + b"}" * 20_000
    deepest = b'{"not":' * 1200 + b"true" + b"}" * 1200
    messages = [found.message for found in map(compiled, (deep, deeper, deepest)) if isinstance(found, CheckResult)]
    assert messages == [
        "the JSON schema is not used: it nests more than 100 deep; flatten it",
        "the JSON schema is not used: it has 160004 bytes, at most 65536 are read; shorten it",
        "the JSON schema is not used: it nests too deeply; flatten it",
    ]


def test_the_names_of_members_and_the_values_of_enums_are_no_keywords() -> None:
    members = {"$ref": {"type": "string"}, "pattern": {"enum": [{"$ref": "http://example.com"}]}, "$id": True}
    schema = ready({"properties": members, "default": {"$ref": "nowhere"}})
    assert schema.check('{"$ref": "x", "pattern": {"$ref": "http://example.com"}, "$id": 1}') is PASSED


def test_properties_named_as_keywords_are_no_less_part_of_the_schema() -> None:
    entry = {"type": "object", "properties": {"description": {"$ref": "#/$defs/entry"}, "title": {"type": "string"}}}
    schema = ready({"$defs": {"entry": entry}, "properties": {"title": {"$ref": "#/$defs/entry"}}})
    assert schema.check('{"title": {"description": {"description": {"title": "x"}}}}') is PASSED
    assert schema.check('{"title": {"description": {"title": 1}}}').fault is AnswerFault.SCHEMA


def test_what_all_keywords_bring_to_a_place_counts() -> None:
    """Members by name and by pattern, items by position and by content, and the place itself."""
    plain = ready({"type": "object"}).cost
    heavy = ready(
        {
            "properties": {"a": {"enum": [{"b": [1, 2]}]}},
            "patternProperties": {"a": {"type": "object"}},
            "additionalProperties": False,
            "prefixItems": [True, {"type": "string"}],
            "contains": True,
            "if": {"required": ["a"]},
            "then": {"minProperties": 1},
            "dependentSchemas": {"a": {"maxProperties": 9}},
        }
    ).cost
    assert (plain.width, plain.growth) == (2, 0)
    assert (heavy.width, heavy.growth) == (15, 0)
    only_items = ready({"items": {"allOf": [{"minimum": n} for n in range(50)]}}).cost
    assert only_items.width == 102
    assert ready({"patternProperties": {"a": {"minLength": 1}, "b": {"maxLength": 1}}}).cost.width == 4


def test_a_document_that_is_too_large_or_too_deep_is_not_checked() -> None:
    schema = ready({"items": {"allOf": [{"minimum": n} for n in range(300)]}})
    assert schema.check(json.dumps([1000] * 100)) is PASSED
    assert schema.check(json.dumps([1000] * 10_000)).fault is AnswerFault.TOO_COSTLY
    assert schema.check(json.dumps([1] * 1000)).message == "it does not match the JSON schema of the request"
    large = schema.check('"' + "a" * 2**20 + '"')
    assert (large.fault, large.message) == (AnswerFault.TOO_COSTLY, "the answer has 1048578 bytes, beyond 1048576")
    deep = ready({"type": "object"}).check("[" * 400 + "]" * 400)
    assert (deep.fault, deep.message) == (AnswerFault.SCHEMA, "it does not match the JSON schema of the request")
    assert schema.check("[" * 100_000).message == "it is not JSON that can be read: it nests too deeply"


def test_a_verdict_that_cannot_be_explained_is_no_fault() -> None:
    """Should the library's two answers ever differ, the lenient one counts."""
    schema = ready(True)
    differing = CompiledSchema(is_valid=lambda _: False, validate=schema.validate, cost=schema.cost, size=1)
    assert differing.check("1") is PASSED


def test_schemas_are_compiled_once_and_the_least_recent_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = CompiledSchemas()
    first = kept.get(b'{"title": "0"}')
    assert kept.get(b'{"title": "0"}') is first
    for number in range(1, compiled_schemas.MAX_KEPT):
        kept.get(b'{"title": "%d"}' % number)
    assert kept.get(b'{"title": "0"}') is first
    kept.get(b"true")
    assert kept.get(b'{"title": "0"}') is first
    second = kept.get(b'{"title": "1"}')
    assert kept.get(b'{"title": "1"}') is second
    monkeypatch.setattr(compiled_schemas, "MAX_KEPT_BYTES", 100)
    assert kept.get(b"5") is kept.get(b"5")
    assert kept.get(b'{"title": "0"}') is not first


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
KEYWORDS = st.sampled_from(
    [
        *(
            "type",
            "properties",
            "items",
            "anyOf",
            "allOf",
            "$ref",
            "not",
            "enum",
            "required",
            "pattern",
            "$defs",
            "minimum",
        ),
        *(
            "additionalProperties",
            "patternProperties",
            "if",
            "$id",
            "prefixItems",
            "dependentSchemas",
            "unevaluatedItems",
        ),
    ]
)
SCHEMAS = st.recursive(
    st.one_of(st.booleans(), st.sampled_from(["#", "#/$defs/a", "string", "a+", "x"]), st.integers(-2, 5)),
    lambda inner: st.one_of(
        st.dictionaries(KEYWORDS, inner, max_size=4),
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(SCHEMAS, VALUES)
def test_no_schema_and_no_document_ever_raise(schema: object, document: object) -> None:
    found = compiled(json.dumps(schema).encode())
    result = found.check(json.dumps(document)) if isinstance(found, CompiledSchema) else found
    assert result.passed or result.message


@given(st.binary(), st.text())
def test_no_bytes_ever_raise(raw: bytes, text: str) -> None:
    found = compiled(raw)
    assert isinstance(found, CheckResult) or isinstance(found.check(text), CheckResult)

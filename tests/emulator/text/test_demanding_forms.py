"""Forms of few characters that demand millions, or nest without an end: a sample stays small, or is refused."""

import json
from typing import Any, Final

import pytest

from fairlead.emulator.text import grammars, patterns, schema_instances
from fairlead.emulator.text.draws import SeededDraws

ITSELF: Final = {"$ref": "#"}
SCHEMAS: Final[dict[str, Any]] = {
    "all of itself": {"allOf": [ITSELF]},
    "twice all of itself": {"allOf": [ITSELF, ITSELF]},
    "any of itself": {"anyOf": [ITSELF]},
    "itself twice within itself": {"type": "object", "properties": {"a": ITSELF, "b": ITSELF}, "required": ["a", "b"]},
    "lists of itself": {"type": "array", "minItems": 9, "items": ITSELF},
    "lists in a list": {"type": "array", "minItems": 5000, "items": {"minItems": 5000, "items": {"type": "integer"}}},
    "many long texts": {"type": "array", "minItems": 9999, "items": {"type": "string", "minLength": 99_999}},
    "more unlike values than there are": {
        "type": "array",
        "minItems": 9999,
        "uniqueItems": True,
        "items": {"type": "boolean"},
    },
    "many texts of a pattern": {"minItems": 9999, "items": {"pattern": "(|||a){9999}"}},
    "many choices, each of itself": {
        "type": "array",
        "minItems": 9,
        "items": {"anyOf": [{"enum": ["x" * 99] * 999}, ITSELF]},
    },
    "a pattern whose name never ends": {"type": "string", "pattern": "(?P<abc"},
    "a pattern of brackets": {"type": "string", "pattern": "(" * 3000},
}
PATTERNS: Final = {
    "counts that multiply": "(a{3000}){3000}",
    "groups within groups": "(" * 99 + "a" + ")" * 99,
    "a name that never ends": "(?P<abc",
    "a pattern longer than any text": "a" * 200_000,
}
GRAMMARS: Final = {
    "brackets within brackets": "root ::= " + "(" * 999 + '"a"' + ")" * 999,
    "each rule twice the next": "\n".join(f"r{one} ::= r{one + 1} r{one + 1}" for one in range(40)) + '\nr40 ::= "a"',
    "many rules of many words": "\n".join(f'r{one} ::= "a" "b"' for one in range(500)),
    "a grammar longer than any text": "root ::= " + '"a" ' * 100_000,
}


@pytest.mark.parametrize("what", SCHEMAS)
def test_an_instance_of_a_demanding_schema_has_null_where_it_would_not_end(what: str) -> None:
    text = schema_instances.answer(SCHEMAS[what], b"seed")
    assert len(text) < 1_000_000
    json.loads(text)


@pytest.mark.parametrize("what", PATTERNS)
def test_a_demanding_pattern_is_refused_before_a_text_is_made(what: str) -> None:
    with pytest.raises(patterns.UnsupportedPattern):
        patterns.example(PATTERNS[what], SeededDraws(b"seed"))


@pytest.mark.parametrize("what", GRAMMARS)
def test_a_demanding_grammar_is_refused(what: str) -> None:
    with pytest.raises(patterns.UnsupportedPattern):
        grammars.example(GRAMMARS[what], SeededDraws(b"seed"))


def test_empty_groups_are_not_repeated_and_a_range_of_all_characters_is_drawn_from_in_part() -> None:
    assert patterns.example("((){9999}){9999}", SeededDraws(b"seed")) == ""
    assert len(patterns.example("[\0-\U0010ffff]{3}", SeededDraws(b"seed"))) == 3

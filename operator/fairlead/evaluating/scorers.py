"""Scorers: one check for each kind, built once from an item's expected answer."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.evaluating import answer_values
from fairlead.evaluating.item_problems import ItemFieldError
from fairlead.evaluating.replies import ItemReply
from fairlead.routing import linear_patterns
from fairlead.routing.answers import compiled_schemas
from fairlead.routing.answers.check_results import CheckResult

FIRST_VERSION: Final = 1
Holds = Callable[[ItemReply], bool]


class ScorerKind(StrEnum):
    """How answers are scored."""

    EXACT = "exact"
    ONE_OF = "one-of"
    CONTAINS = "contains"
    REGEX = "regex"
    NUMBER = "number"
    CHOICE = "choice"
    JSON_SCHEMA = "json-schema"
    JSON_FIELD = "json-field"
    TOOL = "tool"


JSON_KINDS: Final = frozenset({ScorerKind.JSON_SCHEMA, ScorerKind.JSON_FIELD})
_VERSIONS: Final[Mapping[ScorerKind, int]] = {ScorerKind.NUMBER: 3, ScorerKind.CHOICE: 3}
"""Incremented when a scorer's result for the same answer changes: kept answers are then requested again."""
_ROUNDING: Final = 1 + 1e-6
"""On a tolerance: 3.14 and 3.13 are 0.01 apart, and a little more as binary numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSettings:
    """Settings for all items of a set."""

    kind: ScorerKind = ScorerKind.EXACT
    ignore_case: bool = False
    tolerance: float = 0.0
    """Of a number: the largest difference."""
    relative: bool = False
    """Whether the tolerance is a share of the expected value."""
    field: str = ""
    """Of a JSON answer: the path of the field, joined by dots."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRule:
    """One condition that an answer must meet."""

    kind: ScorerKind
    holds: Holds


def version(settings: ScorerSettings | None) -> int:
    """The version of a scorer; a judge has the first."""
    return FIRST_VERSION if settings is None else _VERSIONS.get(settings.kind, FIRST_VERSION)


def rule(settings: ScorerSettings, expected: object, field: str) -> AnswerRule:
    """Build the rule of one item; raises `ItemFieldError` if nothing could ever meet it."""
    return AnswerRule(kind=settings.kind, holds=_RULES[settings.kind](settings, expected, field))


def document(reply: ItemReply) -> object:
    """Parse an answer as JSON, without a fence around it; raises `ValueError` if it is none."""
    text = reply.text
    if text.startswith("```") and text.endswith("```"):
        text = text[3:-3].removeprefix("json")
    return json_document.read(text)


def _exact(settings: ScorerSettings, expected: object, field: str) -> Holds:
    wanted = _folded(settings, _text(expected, field))
    return lambda reply: _folded(settings, reply.text) == wanted


def _one_of(settings: ScorerSettings, expected: object, field: str) -> Holds:
    wanted = frozenset(_folded(settings, one) for one in _texts(expected, field))
    return lambda reply: _folded(settings, reply.text) in wanted


def _contains(settings: ScorerSettings, expected: object, field: str) -> Holds:
    wanted = [_folded(settings, one) for one in _texts(expected, field)]
    return lambda reply: any(one in _folded(settings, reply.text) for one in wanted)


def _regex(settings: ScorerSettings, expected: object, field: str) -> Holds:
    written = _text(expected, field)
    compiled = linear_patterns.compiled(f"(?i){written}" if settings.ignore_case else written)
    if isinstance(compiled, str):
        because, _, remedy = compiled.partition("; ")
        raise ItemFieldError(field, written, because=because, remedy=remedy)
    return lambda reply: compiled(reply.text)


def _number(settings: ScorerSettings, expected: object, field: str) -> Holds:
    wanted = answer_values.number_of(expected)
    if wanted is None:
        raise ItemFieldError(field, expected, because="not a number", remedy="write one, for instance 42 or 3.14")
    most = settings.tolerance * (abs(wanted) if settings.relative else 1.0) * _ROUNDING

    def holds(reply: ItemReply) -> bool:
        return any(abs(found - wanted) <= most for found in answer_values.last_numbers(reply.text))

    return holds


def _choice(_: ScorerSettings, expected: object, field: str) -> Holds:
    wanted = _text(expected, field).strip(" ().").upper()
    if len(wanted) != 1 or not wanted.isalpha():
        raise ItemFieldError(
            field, expected, because="not a letter of a choice", remedy="write the letter alone, for instance B"
        )
    return lambda reply: answer_values.choice_letter(reply.text) == wanted


def _json_schema(_: ScorerSettings, expected: object, field: str) -> Holds:
    if not isinstance(expected, dict):
        raise ItemFieldError(
            field, expected, because="not a JSON schema", remedy='write an object, for instance {"type": "object"}'
        )
    compiled = compiled_schemas.compiled(json.dumps(expected).encode())
    if isinstance(compiled, CheckResult):
        raise ItemFieldError(field, expected, because=compiled.message, remedy="write a schema that a router can check")
    return lambda reply: is_json(reply) and compiled.check(json.dumps(document(reply))).passed


def _json_field(settings: ScorerSettings, expected: object, _field: str) -> Holds:
    if not settings.field:
        raise ItemFieldError(
            "scorer", settings.kind.value, because="no field is named", remedy="add --field, for instance answer.city"
        )
    path = settings.field.split(".")

    def holds(reply: ItemReply) -> bool:
        found = document(reply) if is_json(reply) else None
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return found is not None and _same(found, expected)

    return holds


def _tool(_: ScorerSettings, expected: object, field: str) -> Holds:
    if not isinstance(expected, dict) or not isinstance(expected.get("name"), str):
        remedy = 'write {"name": ..., "arguments": {...}}; without arguments only the name counts'
        raise ItemFieldError(field, expected, because="not a tool call", remedy=remedy)
    name, arguments = expected["name"], expected.get("arguments")

    def holds(reply: ItemReply) -> bool:
        return any(
            call.name == name and (arguments is None or _same(_parsed(call.arguments), arguments))
            for call in reply.calls
        )

    return holds


_RULES: Final[Mapping[ScorerKind, Callable[[ScorerSettings, object, str], Holds]]] = {
    ScorerKind.EXACT: _exact,
    ScorerKind.ONE_OF: _one_of,
    ScorerKind.CONTAINS: _contains,
    ScorerKind.REGEX: _regex,
    ScorerKind.NUMBER: _number,
    ScorerKind.CHOICE: _choice,
    ScorerKind.JSON_SCHEMA: _json_schema,
    ScorerKind.JSON_FIELD: _json_field,
    ScorerKind.TOOL: _tool,
}


def _folded(settings: ScorerSettings, text: str) -> str:
    return text.strip().casefold() if settings.ignore_case else text.strip()


def _text(expected: object, field: str) -> str:
    """Read one text; a list of one is the same."""
    if isinstance(expected, list) and len(expected) == 1:
        expected = expected[0]
    if isinstance(expected, str) and expected.strip():
        return expected
    if isinstance(expected, int | float) and not isinstance(expected, bool):
        return str(expected)
    raise ItemFieldError(
        field, expected, because="not text", remedy="write what the answer must be, or score with one-of"
    )


def _texts(expected: object, field: str) -> list[str]:
    if isinstance(expected, list) and expected:
        return [_text(one, field) for one in expected]
    return [_text(expected, field)]


def is_json(reply: ItemReply) -> bool:
    return not isinstance(_parsed_document(reply), _Nothing)


class _Nothing:
    """Marks an answer that is no JSON."""


def _parsed_document(reply: ItemReply) -> object:
    try:
        return document(reply)
    except ValueError:
        return _Nothing()


def _parsed(arguments: str) -> Any:  # noqa: ANN401  # any JSON
    try:
        return json_document.read(arguments or "{}")
    except ValueError:
        return None


def _same(found: object, expected: object) -> bool:
    """Compare as JSON: 1 equals 1.0, and true is not 1."""
    return json.dumps(_plain(found), sort_keys=True) == json.dumps(_plain(expected), sort_keys=True)


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

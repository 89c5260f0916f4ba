"""Reading of objects, in two modes.

Strict, at admission and on the command line: everything unknown, misspelt or contradictory is reported, all at once.
Stored, for objects of the API server: an older or newer version may have written them, or a user with the webhook off.
Unknown fields are ignored, and what cannot be read is set aside and reported, so that one invalid object never stops
the others. Code that gets problems from it must not start or stop anything because of that object.
"""

import copy
import json
import re
from dataclasses import dataclass
from typing import Any, Final, Generic

from pydantic import ValidationError

from fairlead.api import document_bounds, field_rules, validation_errors
from fairlead.api.kinds import API_VERSION, NAME_BECAUSE, NAME_PATTERN, NAME_REMEDY, Kind, S
from fairlead.api.read_problems import ABSENT, FieldPath, RawValue, ReadReason, path_text, refusal, value_text
from fairlead.fleet.findings import SpecRefusal

TOP_LEVEL_FIELDS: Final = ("apiVersion", "kind", "metadata", "spec", "status")


@dataclass(frozen=True, kw_only=True)
class ParsedObject(Generic[S]):
    """One object, as far as it could be read."""

    namespace: str
    name: str
    generation: int
    spec: S


@dataclass(frozen=True, kw_only=True)
class ReadResult(Generic[S]):
    """What was read and what is wrong with it."""

    value: ParsedObject[S] | None
    """In strict mode only set without problems; in stored mode whenever a valid reading exists."""
    problems: tuple[SpecRefusal, ...] = ()


def read_strict(document: object, kind: Kind[S]) -> ReadResult[S]:
    """Read an object that is to be applied."""
    if (refusal := _unreadable(document, kind)) is not None:
        return ReadResult(value=None, problems=(refusal,))
    assert isinstance(document, dict)
    spec = document_bounds.without_nulls(document["spec"])
    read, misspelt = _parsed(spec, kind, strict=True)
    contradictions = _contradictions(read or _what_can_be_read(spec, kind), spec, misspelt)
    problems = (*_about_the_whole(document, kind), *misspelt, *contradictions)
    if problems or read is None:
        return ReadResult(value=None, problems=problems)
    return ReadResult(value=_written(document, read))


def read_stored(document: object, kind: Kind[S]) -> ReadResult[S]:
    """Read an object that the API server holds, as far as it is valid."""
    if (refusal := _unreadable(document, kind)) is not None:
        return ReadResult(value=None, problems=(refusal,))
    assert isinstance(document, dict)
    spec = document_bounds.without_nulls(document["spec"])
    read, set_aside = _parsed(spec, kind, strict=False)
    read = read or _what_can_be_read(spec, kind)
    if read is None:
        return ReadResult(value=None, problems=set_aside)
    return ReadResult(value=_written(document, read), problems=(*set_aside, *_contradictions(read, spec, set_aside)))


def _unreadable(document: object, kind: Kind[S]) -> SpecRefusal | None:
    """Return the problem that makes every further check useless, or None."""
    if not isinstance(document, dict):
        remedy = f"begin with apiVersion: {API_VERSION} and kind: {kind.name}"
        return refusal((kind.name,), "no object", ReadReason.NOT_AN_OBJECT, "an object is expected", remedy)
    given = (document.get("apiVersion"), document.get("kind"))
    if given != (API_VERSION, kind.name):
        value = value_text(" ".join(each if isinstance(each, str) else ABSENT for each in given), ("kind",))
        because, remedy = f"{API_VERSION} {kind.name} is expected", "correct apiVersion and kind"
        return refusal(("kind",), value, ReadReason.WRONG_KIND, because, remedy)
    if not isinstance(document.get("spec"), dict):
        remedy = f"add spec, see `kubectl explain {kind.short}.spec`"
        value = ABSENT if document.get("spec") is None else value_text(document["spec"], ("spec",))
        return refusal(("spec",), value, ReadReason.MISSING_FIELD, "an object is expected", remedy)
    return document_bounds.exceeded(document["spec"], ("spec",))


def _about_the_whole(document: dict[Any, Any], kind: Kind[S]) -> list[SpecRefusal]:
    """Return the problems of fields outside spec, and of the name."""
    strange = [key if isinstance(key, str) else "(no text)" for key in document if key not in TOP_LEVEL_FIELDS]
    found = [
        refusal(
            (key,),
            "(not shown)",
            ReadReason.UNKNOWN_FIELD,
            "there is no such field",
            "did you mean to write it below spec?",
        )
        for key in strange[: validation_errors.MAX_PROBLEMS]
    ]
    name = _text(_metadata(document), "name")
    if name and kind.scalable and not re.fullmatch(NAME_PATTERN, name):
        at: FieldPath = ("metadata", "name")
        found.append(refusal(at, value_text(name, at), ReadReason.BAD_NAME, NAME_BECAUSE, NAME_REMEDY))
    return found


def _parsed(spec: RawValue, kind: Kind[S], *, strict: bool) -> tuple[S | None, tuple[SpecRefusal, ...]]:
    """Validate as JSON text, since pydantic's strict mode accepts lists and enums only from JSON."""
    try:
        extra: Any = "forbid" if strict else "ignore"
        return kind.spec.model_validate_json(json.dumps(spec), strict=strict, extra=extra, by_name=False), ()
    except ValidationError as error:
        return None, tuple(validation_errors.refusals(error, spec, kind.spec))


def _what_can_be_read(spec: RawValue, kind: Kind[S]) -> S | None:
    """Read the object without invalid values; None if nothing is left. Each pass removes some, so the loop ends."""
    rest = copy.deepcopy(spec)
    while True:
        try:
            return kind.spec.model_validate_json(json.dumps(rest), strict=False, extra="ignore", by_name=False)
        except ValidationError as error:
            cuts = {
                validation_errors.unreadable_path(detail)
                for detail in error.errors(include_url=False, include_input=False)
            }
        if () in cuts:
            return None
        for path in sorted(cuts, key=_last_first, reverse=True):
            _remove(rest, path)


def _last_first(path: FieldPath) -> tuple[tuple[int, str], ...]:
    """Sort key for removal from the end of a list, so that earlier elements keep their indexes."""
    return tuple((step, "") if isinstance(step, int) else (0, step) for step in path)


def _remove(document: RawValue, path: FieldPath) -> None:
    *above, last = path
    for step in above:
        document = document[step]
    del document[last]


def _contradictions(read: S | None, spec: RawValue, misspelt: tuple[SpecRefusal, ...]) -> tuple[SpecRefusal, ...]:
    """Rules that do not hold, except in parts with a misspelt field: it may be the one that is missing."""
    found = []
    for path, rule, because in field_rules.broken(read, ()) if read is not None else ():
        at: FieldPath = ("spec", *path, *rule.field.split("."))
        doubtful = path_text((*at[:2], *path[1:]))
        if not any(one.field.startswith(doubtful) for one in misspelt):
            given = validation_errors.value_at(spec, at[1:])
            value = ABSENT if given is None else value_text(given, at)
            found.append(refusal(at, value, ReadReason.CONTRADICTION, because, rule.remedy))
    return tuple(found)


def _written(document: dict[Any, Any], spec: S) -> ParsedObject[S]:
    facts = _metadata(document)
    generation = facts.get("generation")
    return ParsedObject(
        namespace=_text(facts, "namespace") or "default",
        name=_text(facts, "name"),
        generation=generation if isinstance(generation, int) else 0,
        spec=spec,
    )


def _text(facts: dict[str, Any], field: str) -> str:
    given = facts.get(field)
    return given if isinstance(given, str) else ""


def _metadata(document: dict[Any, Any]) -> dict[str, Any]:
    given = document.get("metadata")
    return given if isinstance(given, dict) else {}

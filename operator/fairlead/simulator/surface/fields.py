"""A request's body, read as vLLM's pydantic models read it: JSON, then the type of each known field.

Unknown fields are passed over, as vLLM does. What a value may be beyond its type is checked elsewhere.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from fairlead.simulator.surface import errors
from fairlead.simulator.surface.errors import Refused

_HALF_LETTER: Final = b"\\ud"
_GREATEST: Final = 10**300
"""Integers beyond it are no numbers to Python's floats."""
Body = dict[str, Any]
Json = Any
"""A value as the `json` module reads it."""
Detail = dict[str, Any]
Kind = Callable[[Json, str], Json]
"""Takes a value and its place; answers the value as it counts, or raises `Unfit`."""


class Unfit(Exception):
    """The value is of another type."""

    def __init__(self, detail: Detail) -> None:
        super().__init__(detail["msg"])
        self.detail = detail


def parsed(raw: bytes, content_type: str) -> Body:
    """The JSON object of a body."""
    if content_type.lower() != "application/json":
        raise errors.unread("Unsupported Media Type: Only 'application/json' is allowed")
    if not raw:
        raise errors.unread(errors.detail("missing", "body", "Field required", None))
    try:
        told = json.loads(raw)
    except json.JSONDecodeError as problem:
        raise _no_json(problem.pos, problem.msg) from None
    except ValueError:
        raise _no_json(0, "invalid text encoding") from None
    if _HALF_LETTER in raw.lower():
        _check_letters(told)
    if not isinstance(told, dict):
        why = "Input should be a valid dictionary or object to extract fields from"
        raise errors.unread(errors.detail("model_attributes_type", "body", why, told))
    return told


def checked(told: Body, kinds: Mapping[str, Kind]) -> Body:
    """The known fields that were written and are not null; all that are of another type are named together."""
    found: Body = {}
    problems: list[Detail] = []
    for name, value in told.items():
        kind = kinds.get(name)
        if kind is None or value is None:
            continue
        try:
            found[name] = kind(value, f"body.{name}")
        except Unfit as problem:
            problems.append(problem.detail)
    if problems:
        raise errors.unread(*problems)
    return found


def needed(told: Body, kinds: Mapping[str, Kind], *names: str) -> Body:
    """The same, where some have to be there."""
    absent = [errors.detail("missing", f"body.{name}", "Field required", told) for name in names if name not in told]
    if absent:
        raise errors.unread(*absent)
    found = checked(told, kinds)
    for name in names:
        if name not in found:
            found[name] = _taken(kinds[name], told[name], f"body.{name}")
    return found


def missing(name: str, told: Body) -> Refused:
    """A field that has to be there."""
    return errors.unread(errors.detail("missing", f"body.{name}", "Field required", told))


def whole(value: Json, where: str) -> int:
    """An integer, also written as text or as 3.0."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            why = "Input should be a valid integer, unable to parse string as an integer"
            raise Unfit(errors.detail("int_parsing", where, why, value)) from None
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value):
            return int(value)
        why = "Input should be a valid integer, got a number with a fractional part"
        raise Unfit(errors.detail("int_from_float", where, why, value))
    raise Unfit(errors.detail("int_type", where, "Input should be a valid integer", value))


def number(value: Json, where: str) -> float:
    """Any number, also written as text."""
    if isinstance(value, int | float):
        if isinstance(value, int) and abs(value) > _GREATEST:
            return math.inf if value > 0 else -math.inf
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            why = "Input should be a valid number, unable to parse string as a number"
            raise Unfit(errors.detail("float_parsing", where, why, value)) from None
    raise Unfit(errors.detail("float_type", where, "Input should be a valid number", value))


_TRUE: Final = ("true", "1", "yes", "on", "t", "y")
_FALSE: Final = ("false", "0", "no", "off", "f", "n")


def flag(value: Json, where: str) -> bool:
    """True or false, also as 0 and 1 and in the usual words."""
    if isinstance(value, bool):
        return value
    written = str(value).lower() if isinstance(value, int | float | str) else ""
    if written.removesuffix(".0") in _TRUE:
        return True
    if written.removesuffix(".0") in _FALSE:
        return False
    if isinstance(value, str | int | float):
        why = "Input should be a valid boolean, unable to interpret input"
        raise Unfit(errors.detail("bool_parsing", where, why, value))
    raise Unfit(errors.detail("bool_type", where, "Input should be a valid boolean", value))


def text(value: Json, where: str) -> str:
    """A string and nothing else."""
    if isinstance(value, str):
        return value
    raise Unfit(errors.detail("string_type", where, "Input should be a valid string", value))


def items(value: Json, where: str) -> list[Json]:
    """Any list."""
    if isinstance(value, list):
        return value
    raise Unfit(errors.detail("list_type", where, "Input should be a valid list", value))


def mapping(value: Json, where: str) -> Body:
    """Any object."""
    if isinstance(value, dict):
        return value
    raise Unfit(errors.detail("dict_type", where, "Input should be a valid dictionary", value))


def anything(value: Json, _: str) -> Json:
    """Checked where it is used."""
    return value


def texts(value: Json, where: str) -> list[str]:
    """One string or several."""
    if isinstance(value, str):
        return [value]
    return [text(item, f"{where}.{place}") for place, item in enumerate(items(value, where))]


def wholes(value: Json, where: str) -> list[int]:
    """A list of integers."""
    return [whole(item, f"{where}.{place}") for place, item in enumerate(items(value, where))]


def _taken(kind: Kind, value: Json, where: str) -> Json:
    try:
        return kind(value, where)
    except Unfit as problem:
        raise errors.unread(problem.detail) from None


def _check_letters(told: Json) -> None:
    """JSON can spell halves of letters that no text has."""
    try:
        json.dumps(told, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        why = "Input should be a valid string, unable to parse raw data as a unicode string"
        raise errors.unread(errors.detail("string_unicode", "body", why, told)) from None


def _no_json(place: int, why: str) -> Refused:
    problem = errors.detail("json_invalid", f"body.{place}", "JSON decode error", {})
    return errors.unread(problem | {"ctx": {"error": why}})

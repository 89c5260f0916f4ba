"""Reads a request's body as vLLM's pydantic models do: JSON, then the type of each known field.

Unknown fields are ignored, as in vLLM. Other modules check values beyond their type.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.errors import ErrorResponse

_HALF_LETTER: Final = b"\\ud"
_GREATEST: Final = 10**300
"""Integers above this become infinite, since a float may not hold them."""
JsonObject = dict[str, Any]
Json = Any
"""A value as the `json` module reads it."""
ErrorDetail = dict[str, Any]
FieldReader = Callable[[Json, str], Json]
"""Takes a value and its location in the body; returns the converted value, or raises `FieldTypeError`."""


class FieldTypeError(Exception):
    """The value has the wrong type."""

    def __init__(self, detail: ErrorDetail) -> None:
        super().__init__(detail["msg"])
        self.detail = detail


def parsed(raw: bytes, content_type: str) -> JsonObject:
    """Parse a body, which must be a JSON object."""
    if content_type.lower() != "application/json":
        raise errors.invalid_body("Unsupported Media Type: Only 'application/json' is allowed")
    if not raw:
        raise errors.invalid_body(errors.detail("missing", "body", "Field required", None))
    try:
        body = json.loads(raw)
    except json.JSONDecodeError as problem:
        raise _no_json(problem.pos, problem.msg) from None
    except ValueError:
        raise _no_json(0, "invalid text encoding") from None
    except RecursionError:
        raise errors.nested_too_deeply() from None
    if _HALF_LETTER in raw.lower():
        _check_letters(body)
    if not isinstance(body, dict):
        why = "Input should be a valid dictionary or object to extract fields from"
        raise errors.invalid_body(errors.detail("model_attributes_type", "body", why, body))
    return body


def checked(body: JsonObject, kinds: Mapping[str, FieldReader]) -> JsonObject:
    """Return the known fields that are present and not null; one error names all fields of a wrong type."""
    found: JsonObject = {}
    problems: list[ErrorDetail] = []
    for name, value in body.items():
        kind = kinds.get(name)
        if kind is None or value is None:
            continue
        try:
            found[name] = kind(value, f"body.{name}")
        except FieldTypeError as problem:
            problems.append(problem.detail)
    if problems:
        raise errors.invalid_body(*problems)
    return found


def needed(body: JsonObject, kinds: Mapping[str, FieldReader], *names: str) -> JsonObject:
    """Like `checked`, with some required fields."""
    absent = [errors.detail("missing", f"body.{name}", "Field required", body) for name in names if name not in body]
    if absent:
        raise errors.invalid_body(*absent)
    found = checked(body, kinds)
    for name in names:
        if name not in found:
            found[name] = _taken(kinds[name], body[name], f"body.{name}")
    return found


def missing(name: str, body: JsonObject) -> ErrorResponse:
    """Return the error for a required field that is absent."""
    return errors.invalid_body(errors.detail("missing", f"body.{name}", "Field required", body))


def whole(value: Json, where: str) -> int:
    """Read an integer, also as a string or as 3.0."""
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            why = "Input should be a valid integer, unable to parse string as an integer"
            raise FieldTypeError(errors.detail("int_parsing", where, why, value)) from None
    if isinstance(value, float):
        if math.isfinite(value) and value == int(value):
            return int(value)
        why = "Input should be a valid integer, got a number with a fractional part"
        raise FieldTypeError(errors.detail("int_from_float", where, why, value))
    raise FieldTypeError(errors.detail("int_type", where, "Input should be a valid integer", value))


def number(value: Json, where: str) -> float:
    """Read any number, also as a string."""
    if isinstance(value, int | float):
        if isinstance(value, int) and abs(value) > _GREATEST:
            return math.inf if value > 0 else -math.inf
        return float(value)
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            why = "Input should be a valid number, unable to parse string as a number"
            raise FieldTypeError(errors.detail("float_parsing", where, why, value)) from None
    raise FieldTypeError(errors.detail("float_type", where, "Input should be a valid number", value))


_TRUE: Final = ("true", "1", "yes", "on", "t", "y")
_FALSE: Final = ("false", "0", "no", "off", "f", "n")


def flag(value: Json, where: str) -> bool:
    """Read a boolean, also as 0, 1 or a usual word."""
    if isinstance(value, bool):
        return value
    written = str(value).lower() if isinstance(value, int | float | str) else ""
    if written.removesuffix(".0") in _TRUE:
        return True
    if written.removesuffix(".0") in _FALSE:
        return False
    if isinstance(value, str | int | float):
        why = "Input should be a valid boolean, unable to interpret input"
        raise FieldTypeError(errors.detail("bool_parsing", where, why, value))
    raise FieldTypeError(errors.detail("bool_type", where, "Input should be a valid boolean", value))


def text(value: Json, where: str) -> str:
    """Read a string and nothing else."""
    if isinstance(value, str):
        return value
    raise FieldTypeError(errors.detail("string_type", where, "Input should be a valid string", value))


def items(value: Json, where: str) -> list[Json]:
    """Read any list."""
    if isinstance(value, list):
        return value
    raise FieldTypeError(errors.detail("list_type", where, "Input should be a valid list", value))


def mapping(value: Json, where: str) -> JsonObject:
    """Read any object."""
    if isinstance(value, dict):
        return value
    raise FieldTypeError(errors.detail("dict_type", where, "Input should be a valid dictionary", value))


def anything(value: Json, _: str) -> Json:
    """Accept any value; it is checked where it is used."""
    return value


def texts(value: Json, where: str) -> list[str]:
    """Read one string or several."""
    if isinstance(value, str):
        return [value]
    return [text(item, f"{where}.{place}") for place, item in enumerate(items(value, where))]


def wholes(value: Json, where: str) -> list[int]:
    """Read a list of integers."""
    return [whole(item, f"{where}.{place}") for place, item in enumerate(items(value, where))]


def _taken(kind: FieldReader, value: Json, where: str) -> Json:
    try:
        return kind(value, where)
    except FieldTypeError as problem:
        raise errors.invalid_body(problem.detail) from None


def _check_letters(body: Json) -> None:
    """Refuse lone surrogates, which JSON can spell and UTF-8 cannot encode."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        why = "Input should be a valid string, unable to parse raw data as a unicode string"
        raise errors.invalid_body(errors.detail("string_unicode", "body", why, body)) from None
    except RecursionError:
        raise errors.nested_too_deeply() from None


def _no_json(place: int, why: str) -> ErrorResponse:
    problem = errors.detail("json_invalid", f"body.{place}", "JSON decode error", {})
    return errors.invalid_body(problem | {"ctx": {"error": why}})

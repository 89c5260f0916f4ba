"""Conversion of pydantic's errors into refusals for the user who wrote the object."""

import difflib
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from fairlead.api.api_model import ApiModel
from fairlead.api.read_problems import ABSENT, HIDDEN, FieldPath, RawValue, ReadReason, path_text, refusal, value_text
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.plurals import count, verb

C = TypeVar("C")

MAX_PROBLEMS: Final = 50
"""More than a user fixes in one go; the rest is counted."""

_WANTED: Final = {
    "int_type": ("a whole number", "write a number without quotes and without a fraction"),
    "int_parsing": ("a whole number", "write a number without quotes"),
    "int_from_float": ("a whole number", "leave out the fraction"),
    "string_type": ("text", "quote it"),
    "bool_type": ("true or false", "write true or false without quotes"),
    "bool_parsing": ("true or false", "write true or false without quotes"),
    "model_type": ("an object", "indent its fields below it"),
    "dict_type": ("an object", "indent its fields below it"),
    "tuple_type": ("a list", "begin each element with a dash"),
}
"""For each of pydantic's type errors: the expected type, and what to do."""
_OURS: Final = {
    "spelling": ReadReason.MALFORMED,
    "duplicate": ReadReason.DUPLICATE,
    "bare_number": ReadReason.WRONG_TYPE,
}
"""The reason of each error that our own checks raise with a remedy."""


def refusals(error: ValidationError, document: RawValue, spec: type[ApiModel]) -> Iterator[SpecRefusal]:
    """Yield a refusal for each error, at most MAX_PROBLEMS and one that counts the rest."""
    found = error.errors(include_url=False, include_input=False)
    details = [one for one in found if not _only_seems_short(one, document)]
    for detail in details[:MAX_PROBLEMS]:
        yield _refusal(detail, document, spec)
    if left := details[MAX_PROBLEMS:]:
        because = f"there {verb(len(left), 'is')} {count(len(left), 'more problem')}"
        yield refusal(("spec",), "an object", ReadReason.TOO_LARGE, because, "fix those above first")


def unreadable_path(detail: ErrorDetails) -> FieldPath:
    """The path to remove so that the rest is readable: the invalid value, or the object without a required field."""
    return detail["loc"][:-1] if detail["type"] == "missing" else error_path(detail)


def error_path(detail: ErrorDetails) -> FieldPath:
    """The path of the invalid value, below spec; for an invalid key, the path of its entry."""
    return detail["loc"][:-1] if detail["loc"][-1:] == ("[key]",) else detail["loc"]


def _only_seems_short(detail: ErrorDetails, document: RawValue) -> bool:
    """Whether a list is short only because pydantic counts valid elements; invalid ones have errors of their own."""
    given = value_at(document, error_path(detail))
    return detail["type"] == "too_short" and isinstance(given, list) and len(given) >= detail["ctx"]["min_length"]


def _refusal(detail: ErrorDetails, document: RawValue, spec: type[ApiModel]) -> SpecRefusal:
    here = error_path(detail)
    path = ("spec", *here)
    given = value_at(document, here)
    value = ABSENT if given is None else value_text(given, path)
    kind, facts = detail["type"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown(path, spec)
    if kind == "missing":
        return _missing(path, spec)
    if kind == "enum":
        return _not_allowed(path, given, spec)
    if kind in _WANTED:
        what, remedy = _WANTED[kind]
        return refusal(path, value, ReadReason.WRONG_TYPE, f"{what} is expected here, not {_type(given)}", remedy)
    if kind in _OURS:
        return refusal(path, value, _OURS[kind], detail["msg"], str(facts["remedy"]))
    because, remedy = _bound(kind, facts, detail["msg"])
    return refusal(path, value, ReadReason.OUT_OF_RANGE, because, remedy)


def _bound(kind: str, facts: dict[str, Any], message: str) -> tuple[str, str]:
    match kind:
        case "greater_than_equal":
            return f"the smallest number allowed is {facts['ge']}", f"write {facts['ge']} or more"
        case "less_than_equal":
            return f"the largest number allowed is {facts['le']}", f"write {facts['le']} or less"
        case "string_too_long":
            return f"at most {facts['max_length']} characters are allowed", "write something shorter"
        case "too_long":
            return f"the list may have at most {count(facts['max_length'], 'entry')}", "remove some"
        case "too_short":
            return f"the list needs at least {count(facts['min_length'], 'entry')}", "add what is missing"
        case _:
            return message, "see `kubectl explain` for what is allowed here"


def _unknown(path: FieldPath, spec: type[ApiModel]) -> SpecRefusal:
    """Suggest the most similar field beside it, else a field of that name elsewhere."""
    beside = _fields(spec, path[1:-1])
    name = str(path[-1])
    near = difflib.get_close_matches(name[:64], beside, n=1)
    elsewhere = [found for found in _paths(spec, ("spec",)) if str(found[-1]).lower() == name.lower()]
    if near:
        remedy = f"did you mean {near[0]}?"
    elif elsewhere:
        remedy = f"did you mean {path_text(elsewhere[0])}?"
    else:
        remedy = f"fields here: {', '.join(sorted(beside))}" if beside else "remove it"
    return refusal(path, HIDDEN, ReadReason.UNKNOWN_FIELD, "there is no such field", remedy)


def _missing(path: FieldPath, spec: type[ApiModel]) -> SpecRefusal:
    field = _fields(spec, path[1:-1])[str(path[-1])]
    remedy = f"add it: {str(field.description).split('. ', 1)[0].rstrip('.')}"
    return refusal(path, ABSENT, ReadReason.MISSING_FIELD, "this field is required", remedy)


def _not_allowed(path: FieldPath, given: RawValue, spec: type[ApiModel]) -> SpecRefusal:
    allowed = _choices(spec, path[1:])
    by_case = {one.lower(): one for one in allowed}
    near = difflib.get_close_matches(str(given)[:64].lower(), by_case, n=1)
    remedy = f"did you mean {by_case[near[0]]}?" if near else "use one of them"
    because = f"allowed values are {', '.join(allowed)}"
    return refusal(path, value_text(given, path), ReadReason.NOT_ALLOWED, because, remedy)


def value_at(document: RawValue, path: FieldPath) -> RawValue:
    """Return the value at a path, or None if it is absent."""
    for step in path:
        try:
            document = document[step]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def _fields(part: type[ApiModel], path: FieldPath) -> dict[str, FieldInfo]:
    """The fields that are allowed at a path, by their API names; none inside a free-form mapping."""
    here = {field.alias or name: field for name, field in part.model_fields.items()}
    if not path:
        return here
    below = _named_in(here[str(path[0])].annotation, ApiModel)
    rest = path[2:] if path[1:] and isinstance(path[1], int) else path[1:]
    return _fields(below, rest) if below is not None else {}


def _choices(part: type[ApiModel], path: FieldPath) -> list[str]:
    *above, last = [step for step in path if isinstance(step, str)]
    words = _named_in(_fields(part, tuple(above))[last].annotation, StrEnum)
    return [str(one) for one in words] if words is not None else []


def _paths(part: type[ApiModel], above: FieldPath) -> Iterator[FieldPath]:
    for name, field in _fields(part, ()).items():
        yield (*above, name)
        below = _named_in(field.annotation, ApiModel)
        if below is not None:
            yield from _paths(below, (*above, name))


def _named_in(annotation: object, wanted: type[C]) -> type[C] | None:
    """The class of a kind that an annotation names: itself, or inside an optional, a list or a mapping."""
    if isinstance(annotation, type) and issubclass(annotation, wanted):
        return annotation
    inside = (_named_in(each, wanted) for each in get_args(annotation))
    return next((each for each in inside if each is not None), None)


def _type(given: RawValue) -> str:
    names = {bool: "true or false", int: "a number", float: "a fraction", str: "text", list: "a list"}
    return names.get(type(given), "an object")

"""Conversion of a part of an object into the value that other packages use, by its fields' names and types.

A field of the value is read from the field of the same name; `NAME_seconds` from the duration NAME, NAME_time or
NAME_timeout, `NAME_bytes` from the quantity NAME or NAME_size, `NAME_millis` from the number of cores NAME. A part with
one field stands for that field. Fields that differ in name or meaning are passed in. A field without a source is a bug
of ours and fails the first conversion: nothing is dropped silently.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from fairlead.api import amounts
from fairlead.api.api_model import ApiModel

Value = TypeVar("Value")

UNITS: Final[Mapping[str, tuple[Callable[[str], float], tuple[str, ...]]]] = {
    "_seconds": (amounts.seconds, ("", "_time", "_timeout")),
    "_bytes": (amounts.size, ("", "_size")),
    "_millis": (amounts.millis, ("",)),
}
"""For each unit: its parser, and the names of the fields that are written with it."""


def value(written: ApiModel, kind: type[Value], **given: object) -> Value:
    """Convert to a value of this kind; `given` holds the fields that are not read by name."""
    hints = _hints(kind)  # type: ignore[arg-type]  # a class is hashable
    read = {name: _field(written, name, hint) for name, hint in hints if name not in given}
    return kind(**read, **given)


@cache
def _hints(kind: Hashable) -> tuple[tuple[str, object], ...]:
    """Each field of the class with its type; cached, since this takes longer than all the rest."""
    assert isinstance(kind, type)
    hints = get_type_hints(kind)
    return tuple((one.name, _present(hints[one.name])) for one in fields(kind))


def _present(hint: object) -> object:
    """Return the type without None."""
    if get_origin(hint) not in (Union, UnionType):
        return hint
    rest = [one for one in get_args(hint) if one is not NoneType]
    return rest[0] if len(rest) == 1 else hint


def _field(written: ApiModel, name: str, hint: object) -> object:
    model_fields = type(written).model_fields
    if name in model_fields:
        return _converted(getattr(written, name), hint)
    for unit, (read, endings) in UNITS.items():
        for plain in (name.removesuffix(unit) + ending for ending in endings if name.endswith(unit)):
            if plain in model_fields:
                text = _only_field(getattr(written, plain))
                return None if text is None else read(text)
    raise TypeError(f"{type(written).__name__} has no field {name}: hand it in")


def _only_field(found: Any) -> Any:  # noqa: ANN401  # whatever a field holds
    if isinstance(found, ApiModel) and len(names := list(type(found).model_fields)) == 1:
        return getattr(found, names[0])
    return found


def _converted(found: Any, hint: Any) -> object:  # noqa: ANN401  # whatever a field holds
    if not is_dataclass(hint):
        found = _only_field(found)
    match found:
        case ApiModel():
            return value(found, hint)
        case str() if hint in (float, Decimal):
            return hint(found)
        case tuple() if get_origin(hint) is frozenset:
            return frozenset(found)
        case tuple():
            (inner, *_) = get_args(hint)
            return tuple(_converted(one, _present(inner)) for one in found)
        case dict():
            return tuple(sorted(found.items()))
    return found

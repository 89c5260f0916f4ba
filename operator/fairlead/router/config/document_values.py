"""Converts the operator's JSON to `fleet` types: each value is checked against its field's type; errors name keys."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from fairlead.fleet.desired_state import SecretKey
from fairlead.objects.router_file import camel
from fairlead.router.config.settings import RouterConfigError

G = TypeVar("G")

_LARGEST: Final = 2**53 - 1
"""Limit of any number; a larger one is not an exact integer in JSON. The operator writes none."""


def group(kind: type[G], members: Mapping[str, Any], where: str) -> G:
    """Convert one group of settings; keys are field names in camel case."""
    types = hints(kind)  # type: ignore[arg-type]  # every class is hashable
    values: dict[str, Any] = {}
    for one in fields(kind):  # type: ignore[arg-type]  # only called with dataclasses
        hint, value = types[one.name], members.get(camel(one.name))
        if _is_secret(hint):
            values[one.name] = () if get_origin(hint) is tuple else None
        elif value is not None:
            values[one.name] = value_of(hint, value, f"{where}.{camel(one.name)}")
        elif one.default is MISSING and one.default_factory is MISSING:
            raise RouterConfigError(f"{where}.{camel(one.name)}: absent: it is needed; the operator writes it")
    return kind(**values)


def value_of(hint: Any, value: Any, where: str) -> Any:  # noqa: ANN401 - a file may contain anything
    """Convert the value to the type of its field."""
    origin = get_origin(hint)
    if origin is UnionType:
        hint = next(one for one in get_args(hint) if one is not type(None))
        origin = get_origin(hint)
    if origin in (tuple, frozenset):
        return origin(_list(get_args(hint)[0], value, where))
    if is_dataclass(hint):
        return group(hint, as_object(value, where), where)  # type: ignore[arg-type]  # a class, not a value
    if hint is bool:
        return _flag(value, where)
    if hint in (int, float):
        return _number(value, where, whole=hint is int)
    word = text(value, where)
    if hint is str:
        return word
    return _word(hint, word, where) if issubclass(hint, StrEnum) else _decimal(word, where)


def _word(kind: type[StrEnum], word: str, where: str) -> StrEnum:
    if word not in kind.__members__.values():
        raise RouterConfigError(f"{where}: {word!r}: must be one of {', '.join(kind)}")
    return kind(word)


def _list(hint: Any, value: Any, where: str) -> Iterator[Any]:  # noqa: ANN401 - a file may contain anything
    if not isinstance(value, list):
        raise RouterConfigError(f"{where}: {value!r}: must be a list")
    for number, each in enumerate(value):
        if each == "":
            raise RouterConfigError(f"{where}: {value!r}: must be a list of texts, none of them empty")
        yield value_of(hint, each, f"{where}[{number}]")


def _is_secret(hint: Any) -> bool:  # noqa: ANN401 - a type annotation
    return hint is SecretKey or any(_is_secret(one) for one in get_args(hint))


@cache
def hints(kind: type[Any]) -> dict[str, Any]:
    """Return the types of a class's fields by name."""
    return get_type_hints(kind)


def as_object(value: Any, where: str) -> Mapping[str, Any]:  # noqa: ANN401 - a file may contain anything
    """Return the value, if it is an object."""
    if not isinstance(value, dict):
        raise RouterConfigError(f"{where}: {value!r}: must be an object")
    return value


def text(value: Any, where: str) -> str:  # noqa: ANN401 - a file may contain anything
    """Return the value, if it is text."""
    if not isinstance(value, str):
        raise RouterConfigError(f"{where}: {value!r}: must be text")
    return value


def _flag(value: Any, where: str) -> bool:  # noqa: ANN401 - a file may contain anything
    if not isinstance(value, bool):
        raise RouterConfigError(f"{where}: {value!r}: must be true or false")
    return value


def _number(value: Any, where: str, *, whole: bool) -> int | float:  # noqa: ANN401 - a file may contain anything
    """Check a number. JSON has one kind; a count written 5.0 is still five."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LARGEST
    if not good or (whole and not math.isclose(value, int(value), abs_tol=0.0)):
        kind = "a whole number" if whole else "a number"
        raise RouterConfigError(f"{where}: {value!r}: must be {kind} from 0 to {_LARGEST}")
    return int(value) if whole else float(value)


def _decimal(text: str, where: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        raise RouterConfigError(f'{where}: {text!r}: must be a decimal, for instance "12.50"') from None

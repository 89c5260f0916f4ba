"""Records which code a number passes through: every function of the product that held it, in which form.

Paths are measured, not described: a unique number goes in, and whatever holds it at a call or a return is recorded, in
the order of first occurrence.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from types import FrameType
from typing import Any, Final

from msgspec import Struct
from pydantic import BaseModel

DEEPEST: Final = 6
"""Levels of nested values: a sample is inside facts, which are inside an input."""
MAX_ITEMS: Final = 400
TEXT: Final = "text"
NUMBER: Final = "number"
PLAIN: Final = (int, float, str, bytes)
JSON: Final = "JSON"


@dataclass(slots=True)
class Way:
    """The path of a number, each step once, in order."""

    frames: dict[str, None] = field(default_factory=dict)
    """Functions as `module.qualified_name`."""
    forms: dict[str, None] = field(default_factory=dict)
    """Classes of the product that held it, and text, number, JSON for the forms of Python and Kubernetes."""

    @property
    def files(self) -> dict[str, None]:
        """The modules of the functions."""
        return dict.fromkeys(name.split(":")[0] for name in self.frames)


@contextmanager
def followed(marker: int, rooms: tuple[str, ...], until: str = "") -> Iterator[Way]:
    """Follow the number through these rooms while the block runs, or until that function has returned."""
    way, before = Way(), sys.getprofile()
    sys.setprofile(_profile(way, Search(marker), rooms, until))
    try:
        yield way
    finally:
        sys.setprofile(before)


def _profile(way: Way, search: "Search", rooms: tuple[str, ...], until: str) -> Callable[[FrameType, str, Any], None]:
    def observe(frame: FrameType, event: str, value: Any) -> None:  # noqa: ANN401  # the interpreter's
        module = str(frame.f_globals.get("__name__", ""))
        if until in way.frames:
            return
        if event not in {"call", "return"} or not module.startswith(rooms):
            return
        held: Iterable[Any] = (value,) if event == "return" else _arguments(frame)
        found = [form for one in held for form in search.forms(one)]
        name = f"{module}:{frame.f_code.co_qualname}"
        if found and (event == "return" or name != until) and "<" not in frame.f_code.co_name:
            way.frames.setdefault(name)
            for form in found:
                way.forms.setdefault(form)

    return observe


def _arguments(frame: FrameType) -> list[Any]:
    """The arguments; without `self`, since an object's method may hold the number otherwise."""
    names = frame.f_code.co_varnames[: frame.f_code.co_argcount + frame.f_code.co_kwonlyargcount]
    return [frame.f_locals[name] for name in names if name in frame.f_locals and name not in {"self", "cls"}]


class Search:
    """Searches for one number in any argument."""

    def __init__(self, marker: int) -> None:
        self._marker = marker
        self._text = str(marker)
        self._bytes = self._text.encode()

    def forms(self, found: Any, depth: int = 0) -> list[str]:  # noqa: ANN401  # whatever was handed
        """The forms that contain it, the outermost first; empty if it is not there."""
        if depth > DEEPEST or found is None or isinstance(found, bool | type):
            return []
        if isinstance(found, int | float):
            return [NUMBER] if found == self._marker else []
        if isinstance(found, str):
            return [TEXT] if self._text in found else []
        if isinstance(found, bytes | bytearray):
            return [TEXT] if self._bytes in found else []
        inside = next((forms for part in _parts(found) if (forms := self.forms(part, depth + 1))), [])
        return [*_form(found), *inside] if inside else []


def _parts(found: Any) -> list[Any]:  # noqa: ANN401  # whatever was handed
    if isinstance(found, dict):
        return list(found.values())[:MAX_ITEMS]
    if isinstance(found, list | tuple | set | frozenset):
        return list(found)[:MAX_ITEMS]
    if isinstance(found, BaseModel):
        return list(found.__dict__.values())
    if is_dataclass(found) or isinstance(found, Struct):
        return [getattr(found, name, None) for name in _field_names(found)]
    if type(found).__module__.startswith("fairlead"):
        return [part for name in _slots(found) if isinstance(part := getattr(found, name, None), PLAIN)]
    return []


def _field_names(found: Any) -> Iterable[str]:  # noqa: ANN401  # a dataclass's or a struct's
    return found.__struct_fields__ if isinstance(found, Struct) else (one.name for one in fields(found))


def _slots(found: object) -> Iterator[str]:
    """Only an object's own slots are searched, since it refers to half of the program."""
    for kind in type(found).__mro__:
        names = getattr(kind, "__slots__", ())
        yield from (names,) if isinstance(names, str) else names


def _form(found: Any) -> list[str]:  # noqa: ANN401  # whatever was handed
    if isinstance(found, dict):
        return [JSON]
    return [type(found).__name__] if type(found).__module__.startswith("fairlead") else []

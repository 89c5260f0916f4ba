"""A schema's references and patterns; references are paths and stay inside the schema."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote

MAX_REFERENCES: Final = 200
MAX_WALKED: Final = 50_000
"""Values read in search of references; each reference may name a large part that contains most others."""
_CONTENTS: Final = frozenset({"enum", "const", "default", "examples", "example", "description", "title"})
"""Keywords whose contents are no schema."""
_NAMED: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords that hold schemas by names, which may be any: a property `title` is no title."""
_REFUSED: Final = ("$dynamicRef", "$recursiveRef")


class SchemaError(Exception):
    """Why a schema is refused; `compiled_schemas` catches it and returns it as a value."""


class References:
    """All references of one schema."""

    def __init__(self, schema: object) -> None:
        self._root = schema
        self._edges: dict[str, frozenset[str]] = {}
        self._walked = 0
        self._gather()
        self._recursive = frozenset(one for one in self._edges if one in self._reachable(one))

    def is_recursive(self, reference: str) -> bool:
        """Return whether its target contains it again."""
        return reference in self._recursive

    def recursive_schemas(self) -> Iterator[object]:
        """Yield all that contain themselves."""
        return (self.resolved(one) for one in sorted(self._recursive))

    def resolved(self, reference: str) -> object:
        """Return what a reference names: a path from the schema's root."""
        if reference != "#" and not reference.startswith("#/"):
            raise SchemaError(f"$ref {reference[:60]!r} is not a path inside the schema; write #/$defs/NAME")
        found: Any = self._root
        for step in unquote(reference[2:]).split("/") if len(reference) > 2 else ():
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and key.isascii() and key.isdigit() and int(key[:9]) < len(found):
                found = found[int(key[:9])]
            elif isinstance(found, dict) and key in found:
                found = found[key]
            else:
                raise SchemaError(f"$ref {reference[:60]!r} names nothing in the schema; define it there")
        return found

    def _gather(self) -> None:
        waiting = list(self._found_in(self._root))
        while waiting:
            one = waiting.pop()
            if one not in self._edges:
                self._edges[one] = frozenset(self._found_in(self.resolved(one)))
                waiting.extend(self._edges[one])
                if len(self._edges) > MAX_REFERENCES:
                    raise SchemaError(f"it has more than {MAX_REFERENCES} different references; write some of them out")

    def _found_in(self, schema: object) -> Iterator[str]:
        waiting = [schema]
        while waiting:
            one = waiting.pop()
            self._walked += 1
            if self._walked > MAX_WALKED:
                raise SchemaError("its references name large parts too often; write some of them out")
            if isinstance(one, list):
                waiting.extend(one)
            elif isinstance(one, dict):
                self._refuse(one)
                if isinstance(reference := one.get("$ref"), str):
                    yield reference
                waiting.extend(_inner(one))

    def _refuse(self, schema: dict[str, Any]) -> None:
        for name in _REFUSED:
            if isinstance(schema.get(name), str):
                raise SchemaError(f"{name} is not supported; use $ref with a path inside the schema")
        if schema is not self._root and isinstance(schema.get("$id"), str):
            raise SchemaError("a part of it has an $id of its own; remove it")

    def _reachable(self, start: str) -> set[str]:
        found: set[str] = set()
        waiting = set(self._edges[start])
        while waiting:
            one = waiting.pop()
            found.add(one)
            waiting |= self._edges[one] - found
        return found


def _inner(schema: dict[str, Any]) -> Iterator[object]:
    """Yield what in a schema may be one, or a list of them."""
    for keyword, value in schema.items():
        if keyword in _NAMED and isinstance(value, dict):
            yield from value.values()
        elif keyword not in _CONTENTS:
            yield value


def patterns_in(schema: object) -> Iterator[str]:
    """Yield every regular expression of the schema; also of what is none, since a reference may lead there."""
    waiting = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting.extend(one)
        elif isinstance(one, dict):
            if isinstance(pattern := one.get("pattern"), str):
                yield pattern
            if isinstance(named := one.get("patternProperties"), dict):
                yield from named
            waiting.extend(one.values())

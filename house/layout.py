"""Checks where code may be and how it may be named."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

SOURCE_ROOT: Final = "operator"
ONLY_PACKAGE: Final = "fairlead"
NAMES_WITHOUT_MEANING: Final = frozenset(
    {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
)


def violations(paths: Iterable[Path]) -> Iterator[str]:
    """Yield one line for each misplaced path, with the right place."""
    for path in paths:
        if path.parts[0] == SOURCE_ROOT:
            yield from _in_source_root(path)
        if path.suffix == ".py":
            yield from _with_empty_name(path)


def _in_source_root(path: Path) -> Iterator[str]:
    if path.parts[1] == "__init__.py":
        yield (
            f"{path}:1: the source root must not be a package: its name equals a standard library module's, "
            "and with this file even `from collections import deque` fails here; delete the file"
        )
    elif path.parts[1] != ONLY_PACKAGE:
        yield (
            f"{path}:1: only {SOURCE_ROOT}/{ONLY_PACKAGE}/ may stand in the source root, "
            "since what stands here is importable as a top-level name; "
            "move it into a room, or beside the source root (tests/, bench/, docs/)"
        )


def _with_empty_name(path: Path) -> Iterator[str]:
    empty = [part for part in (*path.parts[:-1], path.stem) if part in NAMES_WITHOUT_MEANING]
    if empty:
        yield (
            f"{path}:1: the name {empty[0]!r} says nothing about what is inside; "
            "name the module after the noun it knows, or put the code beside its only caller"
        )

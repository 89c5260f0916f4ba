"""Sections, tables and code of a generated page, as Markdown."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any


def section(title: str, about: str, rows: str) -> str:
    """A heading, what stands below it, and a table."""
    return f"## {title}\n\n{about}\n\n{rows}"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A table; a bar in a cell would begin another one."""
    lines = (heads, ("---",) * len(heads), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def rules(found: Iterable[Callable[[Any], object]]) -> Iterator[tuple[str, ...]]:
    """Checks as rows: the module that knows, the rule, and what its docstring says that it mirrors."""
    for rule in found:
        area = rule.__module__.rpartition(".")[2]
        yield area, rule.__name__.replace("_", " "), " ".join((rule.__doc__ or "").split()).removeprefix("Mirrors ")


def code(names: Iterable[str]) -> str:
    """Names in code font, with commas."""
    return ", ".join(f"`{name}`" for name in names)

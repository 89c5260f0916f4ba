"""Sections, tables and code of a generated page, as Markdown."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from fairlead.engines.field_flags import FieldFlags

FIELD_HEADS: Final = ("field", "flags", "memory")


def section(title: str, about: str, rows: str) -> str:
    """Format a heading, its text, and a table."""
    return f"## {title}\n\n{about}\n\n{rows}"


def table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Format a table; bars in cells are replaced, as they would end the cell."""
    lines = (heads, ("---",) * len(heads), *rows)
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def rules(found: Iterable[Callable[[Any], object]]) -> Iterator[tuple[str, ...]]:
    """Checks as rows: the module, the rule, and what it mirrors, from its docstring."""
    for rule in found:
        area = rule.__module__.rpartition(".")[2]
        yield area, rule.__name__.replace("_", " "), " ".join((rule.__doc__ or "").split()).removeprefix("Mirrors ")


def field_row(row: FieldFlags) -> tuple[str, str, str]:
    """Format a field's row under `FIELD_HEADS`."""
    return f"`{row.field}`", code(row.flags), ", ".join(row.memory)


def code(names: Iterable[str]) -> str:
    """Format names as code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)

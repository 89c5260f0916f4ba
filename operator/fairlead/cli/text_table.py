"""Formats a table as text: columns two spaces apart, names left-aligned and figures right-aligned."""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from typing import Final

_GAP: Final = "  "


def aligned(rows: Iterable[Sequence[str]], *, left: int | None = None) -> list[str]:
    """Format a line for each row; the first `left` columns are left-aligned, by default all, the others right-aligned.

    A row may be shorter than the widest. No line ends with spaces.
    """
    table = list(rows)
    columns = max(map(len, table), default=0)
    widths = [max(len(row[at]) for row in table if at < len(row)) for at in range(columns)]
    sides = columns if left is None else left
    return [
        _GAP.join(
            cell.ljust(width) if at < sides else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in table
    ]


def seconds(time: float) -> str:
    """Format a time in seconds; a time that was not measured is a dash."""
    return f"{time:.2f} s" if isfinite(time) else "-"


def milliseconds(time: float) -> str:
    """Format a time in seconds as milliseconds; a time that was not measured is a dash."""
    return f"{time * 1000:.0f} ms" if isfinite(time) else "-"


def beside_bound(figure: float, places: range, agrees: Callable[[float], bool]) -> str:
    """Format with the fewest of these decimals that show on which side of a bound a figure lies, or the most."""
    rounded = [f"{figure:.{one}f}" for one in places]
    return next((one for one in rounded if agrees(float(one))), rounded[-1])

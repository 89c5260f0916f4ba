"""Draws scatter plots as SVG: predicted over measured on logarithmic axes, several panels in a row.

Points on the same pixel are drawn once, so that thousands of them stay a small file.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

SIDE: Final = 300
MARGIN: Final = 48
GAP: Final = 36
COLOURS: Final = ("#1f5fa8", "#c2571a", "#3a7d44")
"""Blue, orange, green: distinguishable without telling red from green."""
WITHIN: Final = 1.2
"""The factor of a prediction's error that the thin lines mark."""


@dataclass(frozen=True, slots=True)
class Panel:
    """One plot; points are pairs of measured and predicted, by the name of their colour."""

    title: str
    points: Mapping[str, Sequence[tuple[float, float]]]


def drawing(panels: Sequence[Panel], unit: str) -> str:
    """Draw one SVG; all panels share one range."""
    low, high = _range(panels)
    names = list(dict.fromkeys(name for panel in panels for name in panel.points))
    width = len(panels) * (SIDE + GAP) + MARGIN
    height = SIDE + 2 * MARGIN
    size, font = f'viewBox="0 0 {width} {height}"', 'font-family="sans-serif" font-size="11"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, panel in enumerate(panels):
        lines += _panel(panel, MARGIN + place * (SIDE + GAP), (low, high), names)
    lines += _legend(names, unit, height)
    return "\n".join([*lines, "</svg>", ""])


def _range(panels: Sequence[Panel]) -> tuple[int, int]:
    """Whole decades around the measured values; predictions beyond are drawn on the edge."""
    measured = [one for panel in panels for points in panel.points.values() for one, _ in points]
    return math.floor(math.log10(min(measured))), math.ceil(math.log10(max(measured)))


def _panel(panel: Panel, left: int, span: tuple[int, int], names: Sequence[str]) -> Iterator[str]:
    low, high = span
    step = SIDE / (high - low)
    bottom = MARGIN + SIDE
    yield f'<text x="{left}" y="{MARGIN - 10}" font-size="13">{escape(panel.title)}</text>'
    yield f'<rect x="{left}" y="{MARGIN}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>'
    for decade in range(low, high + 1):
        along = round((decade - low) * step)
        yield f'<text x="{left + along}" y="{bottom + 14}" text-anchor="middle">{10.0**decade:g}</text>'
        yield f'<text x="{left - 4}" y="{bottom - along + 4}" text-anchor="end">{10.0**decade:g}</text>'
    for factor in (1 / WITHIN, 1.0, WITHIN):
        yield _line(left, step * math.log10(factor), factor == 1.0)
    for name, points in panel.points.items():
        path = "".join(f"M{left + x} {bottom - y}h0" for x, y in sorted(_pixels(points, low, step)))
        colour = COLOURS[names.index(name) % len(COLOURS)]
        yield f'<path d="{path}" stroke="{colour}" stroke-width="2.5" stroke-linecap="round" stroke-opacity=".45"/>'


def _pixels(points: Iterable[tuple[float, float]], low: int, step: float) -> set[tuple[int, int]]:
    def at(value: float) -> int:
        return min(max(round((math.log10(value) - low) * step), 0), SIDE)

    return {(at(measured), at(predicted)) for measured, predicted in points}


def _line(left: int, shift: float, whole: bool) -> str:  # a line of the plot, not a mode
    """Draw along the diagonal, moved up or down and cut at the panel's edge."""
    start, end = max(0.0, -shift), min(float(SIDE), SIDE - shift)
    bottom = MARGIN + SIDE
    first = f'x1="{left + start:.1f}" y1="{bottom - start - shift:.1f}"'
    last = f'x2="{left + end:.1f}" y2="{bottom - end - shift:.1f}"'
    return f'<line {first} {last} stroke="#555" stroke-width="{1 if whole else 0.5}"/>'


def _legend(names: Sequence[str], unit: str, height: int) -> Iterator[str]:
    yield f'<text x="{MARGIN}" y="{height - 8}">measured (across) and predicted (up), {escape(unit)}; '
    for place, name in enumerate(names):
        yield f'<tspan fill="{COLOURS[place % len(COLOURS)]}">{escape(name)}</tspan>{"; " if name != names[-1] else ""}'
    yield "</text>"

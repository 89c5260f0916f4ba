"""Replicas over time as SVG text: one panel per traffic, one stepped line per contestant. Writes no files."""

from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape

from bench.autoscaling.comparing import Compared
from bench.autoscaling.playing import Played

WIDTH: Final = 440
HEIGHT: Final = 150
MARGIN: Final = 40
COLUMNS: Final = 2
COLOURS: Final = ("#999999", "#1f5fa8", "#c2571a", "#3a7d44", "#777777")
"""Grey, blue, orange, green, grey: never red against green."""
DASHES: Final = ("4 3", "", "", "", "1 2")


def drawing(rows: Sequence[Compared]) -> str:
    """All traffics at one cold start."""
    down = -(-len(rows) // COLUMNS)
    width, height = COLUMNS * (WIDTH + MARGIN) + MARGIN, down * (HEIGHT + MARGIN) + MARGIN
    size, font = f'viewBox="0 0 {width} {height}"', 'font-family="sans-serif" font-size="11"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for place, row in enumerate(rows):
        left = MARGIN + place % COLUMNS * (WIDTH + MARGIN)
        lines += _panel(row, left, MARGIN + place // COLUMNS * (HEIGHT + MARGIN))
    names = ["static peak", "Fairlead", *(f"{one.name}, tuned" for one in rows[0].rivals), "foreknowledge"]
    for place, name in enumerate(names):
        along = MARGIN + place * 150
        stroke = f'stroke="{COLOURS[place]}" stroke-dasharray="{DASHES[place]}"'
        lines.append(f'<path d="M{along} {height - 12}h24" fill="none" {stroke}/>')
        lines.append(f'<text x="{along + 30}" y="{height - 8}">{escape(name)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _panel(row: Compared, left: int, top: int) -> Iterator[str]:
    shown = [row.static, row.ours, *(one.tuned for one in row.rivals), row.foreknown]
    most = max(answer for one in shown for answer in _within(row, one))
    yield f'<text x="{left}" y="{top - 6}" font-size="13">{escape(row.traffic)}</text>'
    yield f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#ccc"/>'
    yield f'<text x="{left - 4}" y="{top + 10}" text-anchor="end">{most}</text>'
    yield f'<text x="{left - 4}" y="{top + HEIGHT}" text-anchor="end">0</text>'
    minutes = (row.until - row.since) / 60
    yield f'<text x="{left + WIDTH}" y="{top + HEIGHT + 13}" text-anchor="end">{minutes:.0f} min</text>'
    for one, colour, dashes in zip(shown, COLOURS, DASHES, strict=False):
        line = f'stroke="{colour}" stroke-dasharray="{dashes}"'
        yield f'<path d="{_path(row, one, most, left, top)}" fill="none" {line}/>'


def _within(row: Compared, one: Played) -> list[int]:
    """The answers in the reported part."""
    before = [answer for at, answer in one.answers if at <= row.since][-1:]
    return before + [answer for at, answer in one.answers if row.since < at < row.until]


def _path(row: Compared, one: Played, most: int, left: int, top: int) -> str:
    across, high = WIDTH / (row.until - row.since), HEIGHT / max(most, 1)
    answers = _within(row, one)
    moments = [at for at, _ in one.answers if row.since < at < row.until]
    moments = [row.since, *moments][-len(answers) :]
    parts = [f"M{left} {top + HEIGHT - answers[0] * high:.1f}"]
    for at, answer in zip(moments[1:], answers[1:], strict=True):
        parts.append(f"H{left + (at - row.since) * across:.1f}V{top + HEIGHT - answer * high:.1f}")
    return "".join([*parts, f"H{left + WIDTH}"])

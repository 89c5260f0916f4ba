"""The table of `fairlead top` as text: aligned, cut to the terminal's width, coloured where requests wait."""

import json
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final

from fairlead.cli.top_rows import EVERYWHERE, TopRow, TopView
from fairlead.fleet.plurals import count
from fairlead.telemetry.log_lines import escaped

RED, YELLOW, GREEN, BOLD, PLAIN = "\x1b[31m", "\x1b[33m", "\x1b[32m", "\x1b[1m", "\x1b[0m"
_GAP: Final = "  "

COLUMNS: Final[tuple[tuple[str, Callable[[TopRow], str]], ...]] = (
    ("NAMESPACE", lambda row: row.namespace),
    ("NAME", lambda row: row.name),
    ("READY", lambda row: str(row.ready)),
    ("WANTED", lambda row: _count(row.wanted)),
    ("ADVISED", lambda row: _count(row.recommended) + (f"+{row.asleep}" if row.asleep else "")),
    ("QUEUE", lambda row: _count(row.waiting)),
    ("RUNNING", lambda row: _count(row.running)),
    ("KV", lambda row: _share(row.kv_usage)),
    ("DEMAND", lambda row: _rate(row.demand)),
    ("SUPPLY", lambda row: _rate(row.supply)),
    ("TTFT-OK", lambda row: _share(row.ttft_kept)),
    ("TPOT", lambda row: _seconds(row.tpot_seconds)),
    ("COST/H", lambda row: "-" if row.cost_per_hour is None else f"{row.cost_per_hour:.2f}"),
    ("REASON", lambda row: row.reason),
    ("WHY", lambda row: row.message),
)
"""Rates are requests a second, TTFT-OK is the share within the objective; after a plus, sleeping replicas."""

_LEFT: Final = frozenset({"NAMESPACE", "NAME", "REASON", "WHY"})


def as_lines(view: TopView, *, width: int | None, colour: bool) -> list[str]:
    """Format a heading, why it is old or lacks figures, and the rows, which a screen may cut."""
    at = datetime.fromtimestamp(view.at, tz=UTC).strftime("%H:%M:%S UTC")
    ready = sum(row.ready for row in view.rows)
    cost = [row.cost_per_hour for row in view.rows if row.cost_per_hour is not None]
    total = f", {sum(cost):.2f} an hour" if cost else ""
    counted = f"{count(len(view.rows), 'deployment')}, {count(ready, 'replica')}"
    lines = [_cut(f"{at}  {view.scope}: {counted} ready{total}", width), *_trouble(view, at, width)]
    if view.rows:
        lines += _table(view.rows, width, colour=colour)
    else:
        elsewhere = "" if view.scope == EVERYWHERE else "; -A looks everywhere"
        lines.append(f"there is no InferenceDeployment here{elsewhere}")
    return lines


def as_json(view: TopView) -> str:
    """Format as JSON."""
    return json.dumps(
        {
            "at": view.at,
            "scope": view.scope,
            "trouble": view.trouble or None,
            "rows": [asdict(one) for one in view.rows],
        },
        indent=1,
        ensure_ascii=False,
    )


def _trouble(view: TopView, at: str, width: int | None) -> Sequence[str]:
    """Wrap the reason, since its end names the remedy."""
    if view.not_refreshed:
        words = f"not refreshed since {at}: {view.not_refreshed}"
    else:
        words = f"no metrics: {view.trouble}" if view.trouble else ""
    clean = escaped(" ".join(words.split()))
    return [clean] if clean and width is None else textwrap.wrap(clean, max(20, width or 0))


def _table(rows: Sequence[TopRow], width: int | None, *, colour: bool) -> list[str]:
    words = [[escaped(cell(row)) for _, cell in COLUMNS] for row in rows]
    titles = [title for title, _ in COLUMNS]
    widths = [max(len(line[column]) for line in [titles, *words]) for column in range(len(titles))]
    lines = [_cut(_line(titles, widths), width)]
    for row, line in zip(rows, words, strict=True):
        shade = _shade(row) if colour else ""
        text = _cut(_line(line, widths), width)
        lines.append(f"{shade}{text}{PLAIN}" if shade else text)
    return [f"{BOLD}{lines[0]}{PLAIN}" if colour else lines[0], *lines[1:]]


def _line(words: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        word.ljust(size) if title in _LEFT else word.rjust(size)
        for (title, _), word, size in zip(COLUMNS, words, widths, strict=True)
    ]
    return _GAP.join(cells).rstrip()


def _shade(row: TopRow) -> str:
    """Red if requests wait for a replica, yellow if figures are missing or ready replicas differ from the target."""
    if row.held:
        return RED
    if row.doubts or (row.wanted is not None and row.ready != row.wanted):
        return YELLOW
    return ""


def _cut(text: str, width: int | None) -> str:
    return text if width is None or len(text) <= width else f"{text[: max(0, width - 1)]}…"


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _rate(value: float | None) -> str:
    """Format `0.25/s`, `12.4/s`."""
    if value is None:
        return "-"
    return f"{value:.2f}/s" if value < 1 else f"{value:,.1f}/s"


def _seconds(value: float | None) -> str:
    """Format `48ms`, `1.2s`."""
    if value is None:
        return "-"
    return f"{value * 1000:.0f}ms" if value < 1 else f"{value:.1f}s"

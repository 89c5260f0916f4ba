"""Builds HTML: all text is escaped here, so that no name or message from a file becomes markup."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """One row: its heading, and its cells as text."""

    head: str
    cells: Sequence[str]
    compared: bool = False


def table(heads: Sequence[str], rows: Iterable[TableRow], text_from: int | None = None) -> str:
    """Build a table that becomes cards on a narrow screen; cells from `text_from` on are sentences."""
    columns = "".join(f'<th scope="col"{_kind(at, text_from)}>{escape(one)}</th>' for at, one in enumerate(heads))
    body = "\n".join(_row(heads, one, text_from) for one in rows)
    inner = f'<table class="cards"><thead><tr>{columns}</tr></thead>\n<tbody>\n{body}\n</tbody></table>'
    return f'<div class="wide" tabindex="0" role="region" aria-label="{escape(heads[0])}s">{inner}</div>'


def _row(heads: Sequence[str], row: TableRow, text_from: int | None) -> str:
    cells = "".join(
        f'<td data-head="{escape(heads[at])}"{_kind(at, text_from)}>{escape(one)}</td>'
        for at, one in enumerate(row.cells, start=1)
    )
    kind = ' class="compared"' if row.compared else ""
    return f'<tr{kind}><th scope="row">{escape(row.head)}</th>{cells}</tr>'


def _kind(at: int, text_from: int | None) -> str:
    return ' class="text"' if at == 0 or (text_from is not None and at >= text_from) else ""


def section(head: str, *parts: str) -> str:
    """Build a section with a heading."""
    inner = "\n".join(one for one in parts if one)
    return f"<section>\n<h2>{escape(head)}</h2>\n{inner}\n</section>"


def listing(lines: Iterable[str]) -> str:
    """Build a list of sentences."""
    return "<ul>" + "".join(f"<li>{escape(one)}</li>" for one in lines) + "</ul>"


def data(name: str, content: object) -> str:
    """Embed values for the script; no text in them can end the element that holds them."""
    held = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="{name}">{held}</script>'

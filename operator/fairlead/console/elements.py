"""Builds HTML: only `element` and its helpers make `Markup`; all other text is escaped."""

from collections.abc import Iterable
from html import escape
from typing import Final, TypeAlias

VOID: Final = frozenset({"link", "input", "meta"})
"""Elements without an end tag."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


Content: TypeAlias = str | None
"""Markup is kept, other text is escaped, None is left out."""


def element(tag: str, /, *content: Content, **attributes: str | None) -> Markup:
    """Build one element; `class_` is the attribute class, `data_head` is data-head, and a None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if tag in VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{together(content)}</{tag}>")


def together(content: Iterable[Content]) -> Markup:
    """Concatenate contents."""
    return Markup("".join(one if isinstance(one, Markup) else escape(one) for one in content if one is not None))


def prose(text: str) -> Markup:
    """Format a sentence; text between backticks becomes code."""
    return together(element("code", part) if at % 2 else part for at, part in enumerate(text.split("`")))


def section(head: str, *content: Content) -> Markup:
    """Build a section with a heading."""
    return element("section", element("h2", head), *content)


def listing(lines: Iterable[Content]) -> Markup:
    """Build a list of sentences."""
    return element("ul", *(element("li", one) for one in lines))


def table(heads: tuple[str, ...], rows: Iterable[tuple[Content, ...]], *, text_from: int | None = None) -> Markup:
    """Build a table that becomes cards on a narrow screen.

    The first column names the row, those from `text_from` on are sentences.
    """
    columns = (element("th", head, scope="col", class_=_kind(at, text_from)) for at, head in enumerate(heads))
    body = (_row(heads, row, text_from) for row in rows)
    whole = element("table", element("thead", element("tr", *columns)), element("tbody", *body), class_="cards")
    return element("div", whole, class_="wide", tabindex="0", role="region", aria_label=heads[0])


def _row(heads: tuple[str, ...], row: tuple[Content, ...], text_from: int | None) -> Markup:
    cells = (
        element("td", cell, data_head=heads[at], class_=_kind(at, text_from)) for at, cell in enumerate(row[1:], 1)
    )
    return element("tr", element("th", row[0], scope="row"), *cells)


def _kind(at: int, text_from: int | None) -> str | None:
    return "text" if at == 0 or (text_from is not None and at >= text_from) else None

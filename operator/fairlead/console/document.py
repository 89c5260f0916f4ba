"""The frame of every page: the header, links to the other views, the reader and the time.

Every link is relative, so that a page works below any path, also behind the API server's proxy.
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from fairlead.console import figures
from fairlead.console.elements import Content, Markup, element
from fairlead.review.diagnosis import USUAL_HOME

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""What a browser may load for a page: files of the console itself, and no script or style in the page."""

FOLLOWING: Final = "console.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFrame:
    """The frame of every view."""

    reader: str
    at: float
    depth: int = 0
    """How many folders the page is below the console's root."""
    note: str = ""
    """A note on all figures, for instance that decisions are taken elsewhere."""
    script: str = FOLLOWING
    """Its one script; by default the one that refreshes the page."""
    home: str = USUAL_HOME
    """The operator's namespace, which commands name."""

    def link(self, *words: str) -> str:
        """Build a link from this page to another one; a name cannot lead out of the console."""
        segments = (quote(one, safe="") if one.strip(".") else "-" for one in words)
        return f"{'../' * self.depth or './'}{'/'.join(segments)}"


def document(title: str, frame: PageFrame, *content: Content) -> str:
    """Build the whole page."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} · Fairlead"),
        element("link", rel="icon", href=frame.link("assets", "icon.svg"), type="image/svg+xml"),
        element("link", rel="stylesheet", href=frame.link("assets", "console.css")),
        element("script", src=frame.link("assets", frame.script), defer=""),
    )
    body = element("body", _top(frame), element("main", element("h1", title), _note(frame), *content))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _top(frame: PageFrame) -> Markup:
    views = element(
        "nav",
        element("a", "Fleet", href=frame.link()),
        element("a", "Tenants and money", href=frame.link("gateways")),
        element("a", "Playground", href=frame.link("playground")),
        element("a", "Back-tests", href=frame.link("reports")),
        aria_label="Views",
    )
    read = element("p", f"{frame.reader} at ", element("time", figures.moment(frame.at)), class_="faint")
    again = element("button", "Follow", id="follow", type="button", aria_pressed="false", hidden="")
    return element("header", element("strong", "Fairlead"), views, read, again)


def _note(frame: PageFrame) -> Markup | None:
    return element("p", frame.note, class_="note", role="status") if frame.note else None

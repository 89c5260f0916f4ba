"""Checks the links of built pages: files and anchors that must exist, and addresses that must not be fetched."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

FETCHES: Final = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}
_STYLE: Final = re.compile(r"url\(\s*['\"]?((?:https?:)?//[^)'\"]+)|@import\s+['\"]((?:https?:)?//[^'\"]+)")
_NOT_FETCHED: Final = frozenset({"canonical", "next", "prev", "edit"})


class BuiltPage(HTMLParser):
    """The anchors and links of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.assets: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record its anchor, its link, or what a browser fetches for it."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get(FETCHES.get(tag, "")) and given.get("rel") not in _NOT_FETCHED:
            self.assets.append(given[FETCHES[tag]])


def dead(site: Path) -> Iterator[str]:
    """Yield links and pictures that lead to no file or no anchor."""
    for path in sorted(site.rglob("*.html")):
        page = _read(path)
        for link in (*page.links, *page.assets):
            address = urlsplit(link)
            if address.scheme or address.netloc or path.name == "404.html":
                continue
            goal = (path.parent / unquote(address.path)).resolve() if address.path else path
            goal = goal / "index.html" if goal.is_dir() else goal
            if not goal.exists():
                yield f"{path.relative_to(site)}: {link}: there is no such file"
            elif address.fragment and goal.suffix == ".html" and unquote(address.fragment) not in _read(goal).anchors:
                yield f"{path.relative_to(site)}: {link}: there is no such anchor"


def fetched(site: Path) -> Iterator[str]:
    """Yield what a browser would fetch from another site."""
    for path in sorted(site.rglob("*")):
        if path.suffix == ".html":
            found = [one for one in _read(path).assets if urlsplit(one).netloc]
        elif path.suffix == ".css":
            found = [one or other for one, other in _STYLE.findall(path.read_text(encoding="utf-8"))]
        else:
            continue
        for one in found:
            yield f"{path.relative_to(site)}: {one}: would be fetched from elsewhere; the site holds all that it shows"


@cache
def _read(path: Path) -> BuiltPage:
    return BuiltPage(path.read_text(encoding="utf-8"))

"""Finds pages that the site's navigation (mkdocs.yml) omits, lists twice, or lists although they do not exist."""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from house.tree import ROOT

CONFIGURATION: Final = "mkdocs.yml"
OUTSIDE: Final = ("README.md", "CONTRIBUTING.md", "changes/README.md")
"""Pages of the site outside docs/."""


class ConfigurationLoader(yaml.SafeLoader):
    """Loads mkdocs' configuration without resolving the Python functions that it names."""


ConfigurationLoader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def main() -> int:
    """Print what is wrong; return 0 if each page has exactly one place."""
    placed = tuple(places(configuration(ROOT)["nav"]))
    wrong = [*misplaced(placed, tuple(pages(ROOT)))]
    print("\n".join(wrong) if wrong else f"navigation: {len(placed)} pages, each in one place")
    return 1 if wrong else 0


def misplaced(placed: Sequence[str], written: Sequence[str]) -> Iterator[str]:
    """Yield what a reader of the site would not find, or would find twice."""
    times = Counter(placed)
    for page in sorted({*placed, *written}):
        if page not in written:
            yield f"{CONFIGURATION}: nav: {page}: there is no such page: take the line out"
        elif times[page] != 1:
            yield f"{CONFIGURATION}: nav: {page} stands there {times[page]} times: give it one place"


def pages(root: Path) -> Iterator[str]:
    """Yield all pages of a tree's site."""
    yield from OUTSIDE
    yield from (str(page.relative_to(root)) for page in (root / "docs").rglob("*.md"))


def configuration(root: Path) -> dict[str, Any]:
    """Load the site's settings."""
    text = (root / CONFIGURATION).read_text(encoding="utf-8")
    return dict(yaml.load(text, Loader=ConfigurationLoader))  # noqa: S506  it is a SafeLoader


def places(part: object) -> Iterator[str]:
    """Yield each page that a part of the navigation names."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for below in part.values():
            yield from places(below)
    elif isinstance(part, list):
        for below in part:
            yield from places(below)


if __name__ == "__main__":
    sys.exit(main())

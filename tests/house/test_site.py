"""The site of docs/: every page has a place in its navigation, and what it points to is there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from house import site, site_links
from house.tree import ROOT

CONFIGURATION: Final = ROOT / "mkdocs.yml"


class ConfigurationLoader(yaml.SafeLoader):
    """Reads what mkdocs reads, and makes nothing of the functions that it names."""


ConfigurationLoader.add_multi_constructor("tag:yaml.org,2002:python/", lambda *_: None)


def configuration() -> dict[str, Any]:
    return dict(yaml.load(CONFIGURATION.read_text(encoding="utf-8"), Loader=ConfigurationLoader))  # noqa: S506


def places(part: object) -> Iterator[str]:
    if isinstance(part, str):
        yield part
    elif isinstance(part, dict):
        for below in part.values():
            yield from places(below)
    elif isinstance(part, list):
        for below in part:
            yield from places(below)


def test_every_page_has_one_place_in_the_navigation() -> None:
    found = list(places(configuration()["nav"]))
    pages = {str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md")} | set(site.FIRST)
    assert sorted(found) == sorted(pages)


def test_the_site_asks_nobody_for_a_font() -> None:
    assert configuration()["theme"]["font"] is False


def test_pages_bring_along_what_they_link_to(tmp_path: Path) -> None:
    root, folder = tmp_path / "tree", tmp_path / "pages"
    for name, text in (
        ("README.md", "[all](docs/a.md) [one](room) [far](https://example.com/x)\n"),
        ("CONTRIBUTING.md", "# C\n"),
        ("changes/README.md", "# C\n"),
        ("docs/a.md", "![b](b.png) [room](../room/) [sample](../one.yaml#L3)\n```\n[no](../link)\n```\n"),
        ("docs/b.png", "picture"),
        ("room/__init__.py", '"""A room."""\n'),
        ("one.yaml", "a: b\n"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)

    site.lay_out(root, folder)

    assert sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()) == sorted(
        ["CONTRIBUTING.md", "README.md", "changes/README.md", "docs/a.md", "docs/b.png", "one.yaml", "room/__init__.py"]
    )
    assert "[one](room/__init__.py)" in (folder / "README.md").read_text()
    assert "[room](../room/__init__.py)" in (folder / "docs/a.md").read_text()
    assert "[no](../link)" in (folder / "docs/a.md").read_text()


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "a.html").write_text(
        '<h1 id="top">A</h1><a href="b.html#there">b</a><a href="b.html#gone">b</a><a href="c.html">c</a>'
        '<a href="#top">up</a><a href="https://example.com/far">far</a><img src="https://example.com/a.png">'
        '<link rel="canonical" href="https://example.com/"><link rel="stylesheet" href="a.css">'
    )
    (tmp_path / "b.html").write_text('<p id="there">B</p>')
    (tmp_path / "a.css").write_text('@import "//fonts.example/a.css"; p {background: url(https://example.com/b.png)}')
    return tmp_path


def test_dead_links_and_anchors_of_built_pages_are_found(built: Path) -> None:
    assert list(site_links.dead(built)) == [
        "a.html: b.html#gone: there is no such anchor",
        "a.html: c.html: there is no such file",
    ]


def test_what_a_browser_would_fetch_elsewhere_is_found(built: Path) -> None:
    more = "would be fetched from elsewhere; the site holds all that it shows"
    assert list(site_links.fetched(built)) == [
        f"a.css: //fonts.example/a.css: {more}",
        f"a.css: https://example.com/b.png: {more}",
        f"a.html: https://example.com/a.png: {more}",
    ]

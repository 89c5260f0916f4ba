"""The docs site: every page has a place in the navigation, and its links resolve."""

from pathlib import Path

import pytest

from house import navigation, site, site_links
from house.tree import ROOT


def test_every_page_has_one_place_in_the_navigation() -> None:
    placed = tuple(navigation.places(navigation.configuration(ROOT)["nav"]))
    assert [*navigation.misplaced(placed, tuple(navigation.pages(ROOT)))] == []


def test_a_page_without_a_place_with_two_and_a_place_without_a_page_are_named() -> None:
    assert [*navigation.misplaced(("a.md", "b.md", "b.md", "gone.md"), ("a.md", "b.md", "new.md"))] == [
        "mkdocs.yml: nav: b.md stands there 2 times: give it one place",
        "mkdocs.yml: nav: gone.md: there is no such page: take the line out",
        "mkdocs.yml: nav: new.md stands there 0 times: give it one place",
    ]


def test_the_site_fetches_no_font_from_elsewhere() -> None:
    assert navigation.configuration(ROOT)["theme"]["font"] is False


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

"""Our pages are correct: commands exist, links resolve, nothing depends on one machine."""

from pathlib import Path

import pytest

from house import prose, tree

MAKEFILE = (tree.ROOT / "Makefile").read_text(encoding="utf-8")
PAGES = [path for path in tree.files(tree.ROOT) if path.suffix == ".md"]
SPEAKS_OF_REGISTRIES = frozenset(
    {
        *("house/prose.py", "tests/house/test_prose.py"),
        *("operator/fairlead/loader/pull_secrets.py", "tests/loader/test_pull_secrets.py"),
    }
)
"""The rule itself and its test; and what reads users' pull secrets, which `docker login` writes for that name."""


def text_of(path: Path) -> str:
    """A file's text, or nothing when it is not text."""
    try:
        return (tree.ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("command", ["make demo", "make test"])
def test_readme_names_the_command(command: str) -> None:
    assert command in text_of(Path("README.md"))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_command_a_page_names_is_in_the_makefile(page: Path) -> None:
    assert prose.make_words(text_of(page)) - prose.targets(MAKEFILE) == set()


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert list(prose.dead_links(tree.ROOT / page)) == []


def test_no_file_names_a_place_of_one_machine() -> None:
    lines = [
        f"{path}:{betrayal}"
        for path in tree.files(tree.ROOT)
        if str(path) not in SPEAKS_OF_REGISTRIES
        for betrayal in prose.betrayals(text_of(path))
    ]
    assert lines == []

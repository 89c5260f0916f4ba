"""How prose is parsed: what counts as a command, a dead link, or a path of one machine."""

from pathlib import Path

import pytest

from house import prose


def test_only_what_is_set_as_code_is_a_command() -> None:
    text = 'We make progress.\nmake sure of it. Type `make check`, or `make cluster NODES="a=L4:1 b=H100:8"`:\n'
    text += "```sh\ngit clone it && cd it\n$ make test unit VENV=.venv\nremake it\n```\n"

    assert prose.make_words(text) == {"check", "cluster", "test", "unit"}


def test_targets_are_read_past_variables_and_recipes() -> None:
    makefile = ".PHONY: all\nVENV ?= .venv\nhere := there\ncheck: setup ## style\n\t@run: it\ntest unit: setup\n"

    assert prose.targets(makefile) == {"check", "test", "unit"}


def test_links_to_files_and_headings_are_followed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# A page: of `links`\n[here](#a-page-of-links) [there](other.md) [far](https://example.com/x) "
        "[gone](gone.md) [no heading](other.md#nowhere)\n```\n[in code](gone.md)\n```\n"
    )
    (tmp_path / "other.md").write_text("# Other\n")

    assert list(prose.dead_links(page)) == [
        "page.md: gone.md: there is no such file",
        "page.md: other.md#nowhere: there is no such heading",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "see {}root/notes",
        "in {}home/somebody",
        "('{}work/main')",
        "https://pypi.org{}simple",
        "proxy.golang.org",
    ],
)
def test_places_of_one_machine_are_betrayals(line: str) -> None:
    (found,) = prose.betrayals(f"fine\n{line.format('/')}\n")

    assert found.startswith("2: a ")


def test_paths_inside_a_tree_are_not() -> None:
    assert list(prose.betrayals("net/work/frames.py var/root/x ./home/here /var/run")) == []

"""Fragments become a section, the newest above the others, and none is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from house.tree import ROOT
from release import changelog
from release.changelog import HEADS, ChangeFragment, UnreadableName

FRAGMENTS = st.lists(
    st.builds(
        ChangeFragment,
        st.sampled_from(sorted(HEADS)),
        st.from_regex(r"[0-9]{3}-[a-z]{1,5}", fullmatch=True),
        st.from_regex(r"[A-Z][a-z ]{1,20}[a-z]\.(\n[A-Z][a-z]{1,9}\.)?", fullmatch=True),
    ),
    unique_by=lambda one: one.name,
    max_size=9,
).map(tuple)


def test_changes_that_require_action_come_first_and_longer_texts_stay_in_their_item() -> None:
    found = tuple(
        one
        for name, text in {
            "020-a.fix.md": "It is mended.\n",
            "020-b.feature.md": "It can more,\nas [here](../docs/a.md).\n",
            "003.removal.md": "It is gone.",
            "019-c.change.md": "It is other.",
        }.items()
        if isinstance(one := changelog.fragment(name, text), ChangeFragment)
    )
    assert changelog.section("1.2.0", "2026-11-24", found) == (
        "## 1.2.0, 2026-11-24\n\n### Removed\n\n- It is gone.\n\n### Changed\n\n- It is other.\n\n"
        "### New\n\n- It can more,\n  as [here](docs/a.md).\n\n### Fixed\n\n- It is mended.\n"
    )


@given(FRAGMENTS, FRAGMENTS)
def test_no_fragment_is_ever_lost_and_the_newest_release_always_comes_first(
    first: tuple[ChangeFragment, ...], second: tuple[ChangeFragment, ...]
) -> None:
    log = changelog.with_section("", changelog.section("1.0.0", "2026-01-01", first))
    log = changelog.with_section(log, changelog.section("1.1.0", "2026-02-01", second))
    assert log.startswith(changelog.TITLE)
    assert log.index("## 1.1.0, 2026-02-01") < log.index("## 1.0.0, 2026-01-01")
    assert log.count("\n## ") == 2
    assert log.count("\n- ") == len(first) + len(second)
    assert all(f"- {one.text.splitlines()[0]}" in log for one in (*first, *second))


@pytest.mark.parametrize("name", ["20-a.fix.md", "020.other.md", "020-A.fix.md", "notes.md", "020-a.fix.txt"])
def test_a_file_of_another_name_is_no_fragment(name: str) -> None:
    assert changelog.fragment(name, "text") == UnreadableName(name)


def test_every_fragment_of_this_tree_can_be_released() -> None:
    names = [one.name for one in (ROOT / "changes").glob("*") if one.name != "README.md"]
    assert [name for name in names if isinstance(changelog.fragment(name, ""), UnreadableName)] == []

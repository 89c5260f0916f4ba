"""The changelog: fragments of `changes/` become its newest section at a release, placed first."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

NAME: Final = re.compile(r"(\d{3})(?:-[a-z0-9-]+)?\.(feature|change|fix|removal)\.md")
HEADS: Final[Mapping[str, str]] = {
    "removal": "Removed",
    "change": "Changed",
    "feature": "New",
    "fix": "Fixed",
}
"""What a reader must act upon comes first."""
TITLE: Final = "# Changelog\n"
INTRODUCTION: Final = (
    f"{TITLE}\nWhat users notice, release by release. [Upgrades](docs/upgrades.md) says how to come from one to the\n"
    "next.\n"
)


class ChangeFragment(NamedTuple):
    """One change that users notice."""

    kind: str
    name: str
    text: str


class UnreadableName(NamedTuple):
    """A file that is not a fragment."""

    name: str


def fragment(name: str, text: str) -> ChangeFragment | UnreadableName:
    """Parse a file of the folder."""
    found = NAME.fullmatch(name)
    return UnreadableName(name) if found is None else ChangeFragment(found.group(2), name, text.strip())


def section(version: str, date: str, fragments: tuple[ChangeFragment, ...]) -> str:
    """The changes of one release, by kind, then by file name."""
    parts = [f"## {version}, {date}\n"]
    for kind, head in HEADS.items():
        found = sorted(one for one in fragments if one.kind == kind)
        if found:
            parts.append(f"### {head}\n")
            parts.append("".join(f"{_item(one.text)}\n" for one in found))
    return "\n".join(parts)


def with_section(before: str, new: str) -> str:
    """Put a section above all others; an empty changelog is started."""
    whole = before or INTRODUCTION
    introduction, mark, sections = whole.partition("\n## ")
    return f"{introduction.rstrip()}\n\n{new.rstrip()}\n" + (f"\n## {sections}" if mark else "")


def _item(text: str) -> str:
    """A fragment as a list item; further lines are indented below it, and links start one folder higher."""
    first, *others = text.replace("](../", "](").splitlines()
    return "\n".join([f"- {first}", *(f"  {one}" if one else "" for one in others)])

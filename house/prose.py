"""Checks of documents that a program can make: commands, links, and machine-specific places."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CODE: Final = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
_COMMAND: Final = re.compile(r"\bmake((?: +[\w.=/-]+)+)")
_QUOTED: Final = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")
_TARGET: Final = re.compile(r"^([a-z][a-z0-9 _-]*):(?!=)", re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_ELSEWHERE: Final = re.compile(r"^[a-z][a-z+.-]*:", re.IGNORECASE)

_PLACES: Final = (
    ("a path of one machine", re.compile(r"(?<![\w./*-])/(?:root|work|home)/[\w.]")),
    (
        "a package registry's address",
        re.compile(r"pypi\.org/simple|files\.pythonhosted\.org|proxy\.golang\.org"),
    ),
    ("a module registry's address", re.compile(r"sum\.golang\.org|registry\.npmjs\.org|index\.docker\.io")),
)


def make_words(text: str) -> set[str]:
    """The make targets that a text tells its reader to run; only text set as code counts."""
    code = "\n".join(_QUOTED.sub("", piece) for piece in _CODE.findall(text))
    words = {word for named in _COMMAND.findall(code) for word in named.split()}
    return {word for word in words if re.fullmatch(r"[a-z][a-z0-9-]*", word)}


def targets(makefile: str) -> set[str]:
    """The targets a Makefile has."""
    return {name for line in _TARGET.findall(makefile) for name in line.split()}


def dead_links(page: Path) -> Iterator[str]:
    """Yield a page's relative links that lead nowhere, headings included."""
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if _ELSEWHERE.match(link):
            continue
        name, _, heading = link.partition("#")
        goal = (page.parent / name).resolve() if name else page
        if not goal.exists():
            yield f"{page.name}: {link}: there is no such file"
        elif heading and heading not in _anchors(goal):
            yield f"{page.name}: {link}: there is no such heading"


def blocks(text: str, language: str) -> list[str]:
    """The code blocks of one language, in order; inside a list they are indented."""
    found = re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(one) for one in found]


def betrayals(text: str) -> Iterator[str]:
    """Yield machine-specific places, each with its line."""
    for number, line in enumerate(text.splitlines(), start=1):
        for what, pattern in _PLACES:
            if found := pattern.search(line):
                yield f"{number}: {what}: {found.group()}"


def _anchors(page: Path) -> set[str]:
    """The anchors of headings: lower case, spaces as dashes, punctuation dropped."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}

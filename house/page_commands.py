"""Extracts every command from a page's `sh` and `console` blocks, in the order of the page.

In a `console` block only what follows `$ ` is a command; the rest is output.
"""

import re
import shlex
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from house.tree import ROOT

_FENCE: Final = re.compile(r"^ *```(\w*)")
_HERE: Final = re.compile(r"<<-?'?(\w+)'?")
_COMMENT: Final = re.compile(r"(?:^|\s)# .*$", re.MULTILINE)
_GOES_ON: Final = ("\\", "|", "&&", "||")
_ENDS: Final = frozenset({"|", "||", "&", "&&", ";", "(", ")"})
_SENDS: Final = frozenset({">", ">>", "<", "<<", "2>"})
_SETS: Final = re.compile(r"[A-Z_]+=.*", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageCommand:
    """One command as typed: a line, or several that belong together."""

    page: str
    line: int
    text: str
    begun: str = ""
    """The first command of its block, which later ones may need."""

    def __str__(self) -> str:
        """Format for an editor: path, line and text."""
        return f"{self.page}:{self.line}: {self.text.splitlines()[0]}"

    def programs(self) -> list[list[str]]:
        """The words of each program that it starts, without redirections."""
        body = self.text.split("\n", 1)[0] if _HERE.search(self.text) else self.text
        lexer = shlex.shlex(_COMMENT.sub("", body).replace("\\\n", " "), posix=True, punctuation_chars=True)
        lexer.whitespace_split, lexer.commenters = True, ""
        return [words for words in _split(list(lexer)) if words]


def pages(root: Path = ROOT) -> list[Path]:
    """README first, in a reader's order; then docs/ by name."""
    return [root / "README.md", *sorted((root / "docs").rglob("*.md"))]


def commands(page: Path, root: Path = ROOT) -> list[PageCommand]:
    """The commands of one page."""
    name = str(page.relative_to(root))
    found = []
    for language, first, lines in _blocks(page.read_text(encoding="utf-8").splitlines()):
        typed = list(_typed(language, first, lines))
        found += [PageCommand(page=name, line=line, text=text, begun=typed[0][1]) for line, text in typed]
    return found


def _blocks(lines: Sequence[str]) -> Iterator[tuple[str, int, list[str]]]:
    language, first = None, 0
    for number, line in enumerate(lines, start=1):
        fence = _FENCE.match(line)
        if fence is None:
            continue
        if language is None:
            language, first = fence[1], number
            continue
        if language in {"sh", "console"}:
            yield language, first + 1, textwrap.dedent("\n".join(lines[first : number - 1])).splitlines()
        language = None


def _typed(language: str, first: int, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    held: list[str] = []
    begun = first
    for number, line in enumerate(lines, start=first):
        if not held:
            if not line.strip() or line.startswith("#") or (language == "console" and not line.startswith("$ ")):
                continue
            begun = number
        held.append(line.removeprefix("$ ") if not held else line)
        if not _goes_on(held):
            yield begun, "\n".join(held)
            held = []
    if held:
        raise ValueError(f"the command of line {begun} does not end with its block: {held[0]}")


def _goes_on(held: Sequence[str]) -> bool:
    here = _HERE.search(held[0])
    if here is not None:
        return held[-1].strip() != here[1]
    typed = _COMMENT.sub("", "\n".join(held)).rstrip()
    return typed.endswith(_GOES_ON) or typed.count("'") % 2 == 1


def _split(tokens: Sequence[str]) -> Iterator[list[str]]:
    words: list[str] = []
    skips = False
    for token in tokens:
        if token in _ENDS:
            yield words
            words = []
        elif token in _SENDS:
            skips = True
        elif skips:
            skips = False
        elif words or not _SETS.fullmatch(token):
            words.append(token)
    yield words

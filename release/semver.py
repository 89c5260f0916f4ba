"""Versions as SemVer 2.0.0 orders them."""

import re
from dataclasses import dataclass
from functools import total_ordering
from typing import Final

_FORM: Final = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
    r"(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
)
"""Without build metadata, which an image's tag cannot hold."""


@total_ordering
@dataclass(frozen=True, slots=True)
class SemanticVersion:
    """`1.2.0`, or a pre-release such as `1.2.0-rc.1`, which comes before it."""

    numbers: tuple[int, int, int]
    early: tuple[str, ...] = ()
    """The part after the dash."""

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers)) + (f"-{'.'.join(self.early)}" if self.early else "")

    def __lt__(self, other: "SemanticVersion") -> bool:
        return self._rank() < other._rank()

    def _rank(self) -> tuple[tuple[int, int, int], bool, tuple[tuple[bool, int, str], ...]]:
        """The sort key: numbers of a pre-release come before words, and a release after all of its pre-releases."""
        words = tuple((False, int(one), "") if one.isdigit() else (True, 0, one) for one in self.early)
        return self.numbers, not self.early, words


def parsed(written: str) -> SemanticVersion | None:
    """Parse a version; None if it is invalid."""
    found = _FORM.fullmatch(written)
    if found is None:
        return None
    major, minor, patch, early = found.groups()
    return SemanticVersion((int(major), int(minor), int(patch)), tuple(early.split(".")) if early else ())

"""A sentence as in the source: fixed words, holes for run-time values, and choices between words."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, product, zip_longest
from typing import Final, TypeAlias, TypeGuard

HOLE_WIDTH: Final = 12
"""Assumed width of a filled-in name or number."""
_ANYTHING: Final = "([\\s\\S]*?)"
_BRACES: Final = re.compile(r"\\\{\w+\\\}")
MAX_VARIANTS: Final = 64
"""Most combinations of its choices that are checked for a sentence."""


@dataclass(frozen=True, slots=True)
class Words:
    """Fixed text; also a word with a singular and a plural."""

    text: str
    other: str = ""
    """The singular, if the text is a plural."""

    @property
    def shown(self) -> str:
        """As the page shows it."""
        return self.text

    @property
    def pattern(self) -> str:
        """A regular expression for its run-time text; names in braces are filled in by its reader."""
        both = dict.fromkeys((self.text, self.other or self.text))
        texts = [_BRACES.sub(lambda _: _ANYTHING, re.escape(one)) for one in both]
        return texts[0] if len(texts) == 1 else f"(?:{'|'.join(texts)})"


@dataclass(frozen=True, slots=True)
class Hole:
    """A value that is only known at run time, by a descriptive name."""

    name: str

    @property
    def shown(self) -> str:
        """As the page shows it."""
        return f"{{{self.name}}}"

    @property
    def pattern(self) -> str:
        """Matches anything."""
        return _ANYTHING


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several options; an empty one means that the rest may be absent."""

    options: tuple["Parts", ...]

    @property
    def shown(self) -> str:
        """As the page shows it: `[a | b]`, or `[a]` if it may be absent."""
        return "[" + " | ".join(shown(one) for one in self.options if one) + "]"


Part: TypeAlias = Words | Hole | Choice
Parts: TypeAlias = tuple[Part, ...]


def shown(parts: Parts) -> str:
    """The sentence as the page shows it."""
    return "".join(part.shown for part in parts)


def patterns(parts: Parts) -> list[str]:
    """Regular expressions for its run-time text, with a group for each placeholder; the first `MAX_VARIANTS`."""
    some = ([part.pattern] if not isinstance(part, Choice) else _patterns_of(part) for part in parts)
    return ["".join(each) for each in islice(product(*some), MAX_VARIANTS)]


def width(parts: Parts) -> int:
    """Characters of its longest form, `HOLE_WIDTH` for a hole; of several lines, those of the longest."""
    return max(_lines(parts))


def variants(parts: Parts) -> list[str]:
    """The possible texts with choices resolved; the first `MAX_VARIANTS`."""
    some = ([part.shown] if not isinstance(part, Choice) else _of_choice(part) for part in parts)
    return ["".join(each) for each in islice(product(*some), MAX_VARIANTS)]


def one_of(options: Iterable[Parts]) -> Parts:
    """Make a choice after the options' common beginning; a single option stays as it is."""
    apart = [each for one in options for each in (one[0].options if _is_choice(one) else (one,))]
    found = list(dict.fromkeys(apart))
    if len(found) < 2:
        return found[0] if found else ()
    same = 0
    while all(len(one) > same for one in found) and len({one[same] for one in found}) == 1:
        same += 1
    return (*found[0][:same], Choice(tuple(one[same:] for one in found)))


def joined(found: Sequence[Parts], separator: str) -> Parts:
    """Join several with a separator."""
    parts: list[Part] = []
    for number, one in enumerate(found):
        parts += [Words(separator)] * (number > 0 and bool(separator)) + list(one)
    return tuple(parts)


def _lines(parts: Parts) -> list[int]:
    """The width of each line."""
    found = [0]
    for part in parts:
        more = _lines_of(part)
        found[-1] += more[0]
        found += more[1:]
    return found


def _lines_of(part: Part) -> list[int]:
    if isinstance(part, Words):
        return [len(line) for line in max(part.text, part.other, key=len).split("\n")]
    if isinstance(part, Hole):
        return [HOLE_WIDTH]
    return [max(widths) for widths in zip_longest(*(_lines(one) for one in part.options), fillvalue=0)]


def _patterns_of(choice: Choice) -> list[str]:
    return [text for option in choice.options for text in patterns(option)]


def _of_choice(choice: Choice) -> list[str]:
    return [text for option in choice.options for text in variants(option)]


def _is_choice(parts: Parts) -> TypeGuard[tuple[Choice]]:
    return len(parts) == 1 and isinstance(parts[0], Choice)

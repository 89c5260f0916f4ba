"""Generates a text that matches a regular expression, of the simple kind that structured outputs use.

Reads literals, classes, groups, alternatives and counts. Lookarounds and backreferences are refused.
"""

import string
from dataclasses import dataclass
from typing import Final

from fairlead.emulator.text.draws import SeededDraws

_MAX_REPEATS: Final = 4
"""Maximum repetitions above the lower bound, whatever the upper one is."""
_LONGEST: Final = 12_000
"""Characters of a text; repetitions within repetitions multiply."""
_WRITTEN: Final = 100_000
"""Characters of a pattern."""
_DEEPEST: Final = 50
"""Groups within groups."""
_RANGE: Final = 256
"""Characters of a range that are drawn from: a range may have a million. ASCII is whole in it."""
_WORD: Final = string.ascii_lowercase + string.digits
_PRINTABLE: Final = string.ascii_letters + string.digits + " .,-_:/"
_ESCAPES: Final = {"d": string.digits, "w": _WORD, "s": " ", "n": "\n", "t": "\t", "r": "\r"}
_OUTSIDE: Final = {"D": string.ascii_lowercase, "W": " .,-", "S": _WORD}


class UnsupportedPattern(ValueError):
    """The pattern has an element that is not supported."""


@dataclass(frozen=True, slots=True)
class CharacterClass:
    """One character of a set."""

    choices: str


@dataclass(frozen=True, slots=True)
class Concatenation:
    """All nodes in order."""

    nodes: tuple["PatternNode", ...]


@dataclass(frozen=True, slots=True)
class Alternation:
    """One of the nodes."""

    nodes: tuple["PatternNode", ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """A node, repeated from `low` to `high` times."""

    node: "PatternNode"
    low: int
    high: int


PatternNode = CharacterClass | Concatenation | Alternation | Repetition


def example(pattern: str, draws: SeededDraws) -> str:
    """Return a matching text; raise `UnsupportedPattern` if the pattern is not supported."""
    return matching_text(_PatternParser(pattern).whole(), draws)


def matching_text(node: PatternNode, draws: SeededDraws) -> str:
    """Return one of the texts that a node matches."""
    match node:
        case CharacterClass(choices=choices):
            return choices[draws.below(len(choices))]
        case Concatenation(nodes=nodes):
            return "".join(matching_text(part, draws) for part in nodes)
        case Alternation(nodes=nodes):
            return matching_text(nodes[draws.below(len(nodes))], draws)
        case Repetition(node=part, low=low, high=high):
            return "".join(matching_text(part, draws) for _ in range(low + draws.below(high - low + 1)))


def longest(node: PatternNode) -> int:
    """Return the characters of the longest text that `matching_text` returns for a node."""
    match node:
        case CharacterClass():
            return 1
        case Concatenation(nodes=nodes):
            return sum(map(longest, nodes))
        case Alternation(nodes=nodes):
            return max(map(longest, nodes))
        case Repetition(node=part, high=high):
            return high * longest(part)


class _PatternParser:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._depth = 0

    def whole(self) -> PatternNode:
        if len(self._pattern) > _WRITTEN:
            raise UnsupportedPattern(f"a pattern of {len(self._pattern)} characters")
        node = self._either()
        if self._at < len(self._pattern):
            raise UnsupportedPattern(f"{self._pattern}: a bracket is closed that was never opened")
        if longest(node) > _LONGEST:
            raise UnsupportedPattern(f"{self._pattern}: a text may have {longest(node)} characters")
        return node

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        taken = self._peek()
        if not taken:
            raise UnsupportedPattern(f"{self._pattern}: ends too early")
        self._at += 1
        return taken

    def _either(self) -> PatternNode:
        rows = [self._row()]
        while self._peek() == "|":
            self._at += 1
            rows.append(self._row())
        return rows[0] if len(rows) == 1 else Alternation(tuple(rows))

    def _row(self) -> PatternNode:
        nodes: list[PatternNode] = []
        while self._peek() not in ("", "|", ")"):
            if self._peek() in "^$":
                self._at += 1
                continue
            nodes.append(self._counted(self._atom()))
        return Concatenation(tuple(nodes))

    def _counted(self, node: PatternNode) -> PatternNode:
        match self._peek():
            case "*":
                low, high = 0, None
            case "+":
                low, high = 1, None
            case "?":
                low, high = 0, 1
            case "{":
                low, high = self._braces()
            case _:
                return node
        self._at += 1
        if self._peek() == "?":
            self._at += 1
        if longest(node) == 0:
            return node
        most = low + _MAX_REPEATS
        return Repetition(node, low, most if high is None else max(low, min(high, most)))

    def _braces(self) -> tuple[int, int | None]:
        """Parse the bounds in braces; `_counted` skips the closing brace, like the one-letter counts."""
        end = self._pattern.find("}", self._at)
        low, comma, high = self._pattern[self._at + 1 : max(end, 0)].partition(",")
        if not low.isdigit() or (high and not high.isdigit()):
            raise UnsupportedPattern(f"{self._pattern}: a count must be like {{2}} or {{2,5}}")
        self._at = end
        if not comma:
            return int(low), int(low)
        return int(low), int(high) if high else None

    def _atom(self) -> PatternNode:
        match self._take():
            case "(":
                return self._group()
            case "[":
                return CharacterClass(self._class())
            case ".":
                return CharacterClass(_PRINTABLE)
            case "\\":
                return CharacterClass(self._escaped())
            case "*" | "+" | "?" as count:
                raise UnsupportedPattern(f"{self._pattern}: nothing to repeat before {count}")
            case letter:
                return CharacterClass(letter)

    def _group(self) -> PatternNode:
        if self._peek() == "?":
            self._at += 1
            match self._take():
                case ":":
                    pass
                case "P" if self._peek() == "<" and ">" in self._pattern[self._at :]:
                    self._at = self._pattern.find(">", self._at) + 1
                case _:
                    raise UnsupportedPattern(f"{self._pattern}: looks around or back")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise UnsupportedPattern(f"{self._pattern}: more than {_DEEPEST} groups within one another")
        node = self._either()
        self._depth -= 1
        if self._take() != ")":
            raise UnsupportedPattern(f"{self._pattern}: a bracket is not closed")
        return node

    def _escaped(self) -> str:
        letter = self._take()
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter in _OUTSIDE:
            return _OUTSIDE[letter]
        if letter.isalnum():
            raise UnsupportedPattern(f"{self._pattern}: \\{letter} is not read")
        return letter

    def _class(self) -> str:
        inverted = self._peek() == "^"
        self._at += inverted
        choices = self._member()
        while self._peek() != "]":
            choices += self._member()
        self._at += 1
        if inverted:
            choices = "".join(letter for letter in _PRINTABLE if letter not in choices)
        if not choices:
            raise UnsupportedPattern(f"{self._pattern}: a class without characters")
        return choices

    def _member(self) -> str:
        first = self._take()
        if first == "\\":
            return self._escaped()
        following = self._pattern[self._at : self._at + 2]
        if len(following) == 2 and following[0] == "-" and following[1] != "]":
            self._at += 2
            return "".join(map(chr, range(ord(first), min(ord(first) + _RANGE, ord(following[1]) + 1))))
        return first

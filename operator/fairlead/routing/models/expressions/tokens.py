"""Splits an expression's text into tokens."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final, NamedTuple

from fairlead.routing.models.expressions.problems import ExpressionError, ExpressionFault

MAX_CHARACTERS: Final = 1024
SHOWN_CHARACTERS: Final = 40
LARGEST: Final = 2**53
_TOKEN: Final = re.compile(
    r"(?P<number>[0-9]+)"
    r"|(?P<raw>r'[^'\n]*'|r\"[^\"\n]*\")"
    r"|(?P<text>'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>\|\||&&|==|!=|<=|>=|[<>!().,\[\]])"
)
_BLANK: Final = re.compile(r"[ \t\r\n]*")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t"}


class TokenKind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    TEXT = "text"
    NAME = "name"
    SIGN = "sign"
    END = "end"


class Token(NamedTuple):
    """One token."""

    kind: TokenKind
    text: str
    """A text's contents without quotes; otherwise the source characters."""
    column: int


def tokens(source: str) -> Iterator[Token]:
    """Yield all tokens, then the end."""
    if len(source) > MAX_CHARACTERS:
        message = (
            f"the expression has {len(source)} characters, at most {MAX_CHARACTERS} are read; make it several rules"
        )
        raise ExpressionError(ExpressionFault.TOO_LONG, MAX_CHARACTERS + 1, message)
    place = _after_blanks(source, 0)
    while place < len(source):
        found = _TOKEN.match(source, place)
        if found is None:
            raise ExpressionError(ExpressionFault.NOT_UNDERSTOOD, place + 1, _why(source[place:]))
        yield _token(found)
        place = _after_blanks(source, found.end())
    yield Token(TokenKind.END, "", len(source) + 1)


def _after_blanks(source: str, place: int) -> int:
    found = _BLANK.match(source, place)
    return found.end() if found is not None else place


def _token(found: re.Match[str]) -> Token:
    text, column = found.group(), found.start() + 1
    match found.lastgroup:
        case "number":
            if len(text) > 16 or int(text) > LARGEST:
                message = f"{text[:SHOWN_CHARACTERS]} is beyond {LARGEST}; write a smaller number"
                raise ExpressionError(ExpressionFault.NOT_UNDERSTOOD, column, message)
            return Token(TokenKind.NUMBER, text, column)
        case "raw":
            return Token(TokenKind.TEXT, text[2:-1], column)
        case "text":
            return Token(TokenKind.TEXT, _ESCAPE.sub(lambda one: _escaped(one, column), text[1:-1]), column)
        case "name":
            return Token(TokenKind.NAME, text, column)
        case _:
            return Token(TokenKind.SIGN, text, column)


def _escaped(found: re.Match[str], column: int) -> str:
    meant = _ESCAPES.get(found.group(1))
    if meant is None:
        message = f"\\{found.group(1)} is not an escape; write \\\\ for a backslash, or r'...' for a pattern"
        raise ExpressionError(ExpressionFault.NOT_UNDERSTOOD, column + found.start() + 1, message)
    return meant


def _why(rest: str) -> str:
    if rest[0] in "'\"":
        return f"the text that begins with {rest[:SHOWN_CHARACTERS]} has no closing {rest[0]}; add it on the same line"
    if rest[0] in "|&=":
        return f"{rest[0]} on its own means nothing; write {rest[0] * 2}"
    if rest[0] in "+-*/%?{":
        return f"{rest[0]} is not part of this subset of CEL; compare facts with literals by == != < <= > >= in && || !"
    return f"{rest[0]!r} means nothing here; remove it"

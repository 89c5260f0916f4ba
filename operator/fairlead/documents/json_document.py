"""Reads JSON that others wrote, as RFC 8259 has it.

Python's own reader takes NaN, half characters and UTF-16, makes 1e999 infinite, and fails with `RecursionError` at a
depth that depends on the calls it is read from. Whoever walks or writes such a document fails later, far from here.
"""

import json
import math
import re
from typing import Any, Final

from fairlead.documents.document_faults import DocumentFault, UnreadableDocument
from fairlead.documents.encoded_text import text_of
from fairlead.documents.huge_numbers import MOST_DIGITS, too_large

MAX_LEVELS: Final = 200
"""As pydantic's reader; no document of a user, an engine or an API server needs half of it."""

_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_WORD: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+', re.DOTALL)


def read(document: str | bytes | bytearray, *, as_python: bool = False) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON or raise `UnreadableDocument`; `as_python`: with the numbers and halves that Python takes."""
    text = text_of(document)
    try:
        found = (_PYTHON if as_python else _CAREFUL if _may_be_huge(text) else _STRICT).decode(text)
    except json.JSONDecodeError as problem:
        raise UnreadableDocument(DocumentFault.SYNTAX, problem.msg, problem.lineno, problem.pos) from None
    except RecursionError:
        raise _too_deep() from None
    except _OddNumber as odd:
        raise _odd_number(text, odd.written) from None
    except ValueError:
        because = "a whole number has more digits than can be read"
        raise UnreadableDocument(DocumentFault.HUGE_NUMBER, because) from None
    if len(text) > MAX_LEVELS and text.count("[") + text.count("{") > MAX_LEVELS and _is_deep(found):
        raise _too_deep()
    if not as_python and _HALF.search(text) is not None:
        _check_characters(found)
    return found


class _OddNumber(ValueError):
    """A number without a finite value, as it was written."""

    def __init__(self, written: str) -> None:
        super().__init__(written)
        self.written = written


def _refuse_constant(written: str) -> float:
    raise _OddNumber(written)


def _finite(written: str) -> float:
    number = float(written)
    if math.isinf(number):
        raise _OddNumber(written)
    return number


def _whole(written: str) -> int:
    if len(written) > MOST_DIGITS:
        raise _OddNumber(written)
    return int(written)


_PYTHON: Final = json.JSONDecoder()
_STRICT: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)
_CAREFUL: Final = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
"""Calls Python for each whole number, which takes as long as all the rest."""


def _may_be_huge(text: str) -> bool:
    """Whether there are so many digits in a row: whatever has more than `MOST_DIGITS` fills a piece of half of it."""
    half = MOST_DIGITS // 2
    return any(text[start : start + half].isdigit() for start in range(0, len(text), half))


def _too_deep() -> UnreadableDocument:
    return UnreadableDocument(DocumentFault.TOO_DEEP, f"it nests too deeply, more than {MAX_LEVELS} levels")


def _odd_number(text: str, written: str) -> UnreadableDocument:
    """Name a number, and the line of the first that is written so outside a string."""
    starts = (one.start() for one in _WORD.finditer(text) if one[0].startswith(written))
    position = next(starts, 0)
    line = text.count("\n", 0, position) + 1
    if not written.lstrip("-")[0].isdigit():
        return UnreadableDocument(DocumentFault.NOT_A_NUMBER, f"{written} is no number in JSON", line, position)
    return UnreadableDocument(DocumentFault.HUGE_NUMBER, too_large(written), line, position)


def _is_deep(document: object) -> bool:
    """Whether it nests too deeply; level by level, since a walk that calls itself fails where it must not."""
    level: list[Any] = [[document]]
    for _ in range(MAX_LEVELS + 1):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, _CONTAINERS)
        ]
        if not level:
            return False
    return True


_CONTAINERS: Final = (dict, list)


def _check_characters(document: object) -> None:
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as problem:
        half = f"it holds half a character, \\u{ord(problem.object[problem.start]):04x}"
        raise UnreadableDocument(DocumentFault.HALF_CHARACTER, half) from None

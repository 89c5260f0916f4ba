"""Extracts numbers and letters from an answer, in linear time."""

import re
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import Final

_SPACES: Final = " \u00a0\u2009\u202f"
"""Between groups of three digits."""
_GROUPS: Final = rf"\d{{1,3}}(?:[{_SPACES}]\d{{3}}){{1,6}}(?!\d)(?:\.\d+)?"
_NUMBER: Final = re.compile(
    r"(?:(?<![^\W_])-)?"  # in "10-12" it is no sign
    rf"(?:(?<![\w.,]){_GROUPS}"
    r"|\d[\d,_]*(?:\.\d+)?|(?<![\w.])\.\d+)"
    r"(?:[eE][-+]?\d{1,3})?"
)
_GROUPED: Final = re.compile(rf"[-+]?{_GROUPS}")
_LONGEST: Final = 20_000
"""Characters at the end of an answer that are searched."""

_ENDS: Final = r"(?![A-Za-z0-9]|'[A-Za-z])"
"""After a letter: neither the rest of a word nor an apostrophe in one."""
_STARTS: Final = r"(?<![A-Za-z0-9])(?<![A-Za-z0-9]')"
_LETTER: Final = rf"([A-HJ-Zb-hj-z]{_ENDS}|[aIi](?=[ \t]{{0,3}}(?:[^\w\s']|'(?![A-Za-z])|\n|$)))"
"""Of a choice; "a" and "I" in the middle of a sentence are words."""
_WORD: Final = r"(?i:answer|choice|option)"
_IS: Final = r"(?:\s{1,3}(?i:is|would be|should be|must be)\b|[\W_]{0,3}[:=\n-])"
_BEFORE: Final = r"[\W_]{0,6}(?:an?\s(?=[A-Z]\b))?(?:(?i:the\s)?(?i:option|choice|letter)[\W_]{1,4})?"
_NAMED: Final = re.compile(
    rf"(?i:answer|\b(?:correct|right|final|best)\s(?:choice|option)){_IS}{_BEFORE}{_LETTER}"
    rf"|\bI(?:'d|'ll| would| will)? (?:choose|pick|select|go with){_BEFORE}{_LETTER}"
    r"|boxed\{(?:\\\w{1,8}\{)?\W?([A-Za-z])\W?\}"
)
"""What follows names the answer, whatever else is said about the choices."""
_NAMED_CHOICE: Final = re.compile(rf"(?i:choice|option){_IS}{_BEFORE}{_LETTER}")
"""So does this, unless the answer begins with a letter: explanations go through the other choices in such words."""
_WRONG: Final = re.compile(
    r"(?i:\b(?:wrong|incorrect|false|other|another|alternative|tempting|not (?:an?|the))\s{1,3}$)"
)
"""Before the word: the letter is one of the others."""
_LONGEST_WRONG: Final = 16
_FIRST: Final = re.compile(rf"\W{{0,6}}([A-Za-z]){_ENDS}")
_SET_OFF: Final = ".):,;\n*'\"`]}$\u2019\u201d"
_LISTED: Final = re.compile(r"^\W{0,6}([A-Za-z])[.):]", re.MULTILINE)
_CORRECT: Final = re.compile(rf"{_STARTS}([A-Z])[\W_]{{1,4}}is (?:the )?(?:only )?(?:correct|right|best|answer)\b")
_MENTIONED: Final = re.compile(rf"{_WORD}[\W_]{{1,6}}{_LETTER}")
_ALONE: Final = re.compile(rf"{_STARTS}([A-Z]){_ENDS}")


def number_of(written: object) -> float | None:
    """Parse a finite number, or a text that is one."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        return _float(str(written))
    if not isinstance(written, str):
        return None
    plain = _plain(written.strip())
    return _float(_joined(plain) if _GROUPED.fullmatch(plain) else plain)


def last_numbers(text: str) -> tuple[float, ...]:
    """The last number in a text, in each way to read it: a model's result comes last.

    Digits after a plain space are the rest of a number, as in "12 000", or another one, as in "5 10 100".
    """
    found = _NUMBER.findall(_plain(text[-_LONGEST:]))
    groups = found[-1].split(" ") if found else []
    read = (_joined("".join(groups[at:])) for at, first in enumerate(groups) if at == 0 or not first.startswith("0"))
    return tuple(number for one in read if (number := _float(one)) is not None)


def choice_letter(text: str) -> str | None:
    """The chosen letter: named as the answer, set off at the beginning, called correct, or the only one there is.

    A letter that is only mentioned is often a wrong one, in the reasons after the answer.
    """
    end = text[-_LONGEST:]
    named, of_choices = _last(_NAMED, end), _last(_NAMED_CHOICE, end)
    for found in (named, _first(end), of_choices, _last(_CORRECT, end), _only(_MENTIONED, end)):
        if found:
            return found.upper()
    alone = set(_ALONE.findall(end)) - {"A", "I"}
    return str(alone.pop()) if len(alone) == 1 else None


def _last(pattern: re.Pattern[str], text: str) -> str:
    letter = ""
    for found in pattern.finditer(text):
        if not _WRONG.search(text[max(0, found.start() - _LONGEST_WRONG) : found.start()]):
            letter = found[found.lastindex or 0]
    return letter


def _first(text: str) -> str:
    """The letter at the beginning, unless it begins a list of all choices."""
    first = _FIRST.match(text)
    if not first or "".join(_LISTED.findall(text)[:2]).upper() == "AB":
        return ""
    is_set_off = not text[first.end() :].strip() or text[first.end()] in _SET_OFF
    return first[1] if is_set_off else ""


def _only(pattern: re.Pattern[str], text: str) -> str:
    found = {one.upper() for one in pattern.findall(text)}
    return found.pop() if len(found) == 1 else ""


def _plain(text: str) -> str:
    """With the usual minus, and without what LaTeX puts between groups of digits."""
    return text.replace("\u2212", "-").replace("{,}", ",").replace("\\,", "")


def _joined(written: str) -> str:
    return re.sub(f"[{_SPACES}]", "", written)


def _float(written: str) -> float | None:
    """None also for what is written as NaN or infinite, or too large for a float: no answer is near it."""
    try:
        found = float(Decimal(written.strip().replace(",", "").replace("_", "")))
    except (InvalidOperation, OverflowError, ValueError):
        return None
    return found if isfinite(found) else None

"""Extracts numbers and letters from an answer, in linear time."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

_SPACES: Final = " \u00a0\u2009\u202f"
"""Between groups of three digits."""
_NUMBER: Final = re.compile(
    r"(?:(?<!\w)-)?"  # in "10-12" it is no sign
    rf"(?:(?<![\w.,])\d{{1,3}}(?:[{_SPACES}]\d{{3}})+(?!\d)(?:\.\d+)?"
    r"|\d[\d,_]*(?:\.\d+)?|(?<![\w.])\.\d+)"
    r"(?:[eE][-+]?\d{1,3})?"
)
_LONGEST: Final = 20_000
"""Characters at the end of an answer that are searched."""

_LETTER: Final = r"([A-HJ-Zb-hj-z](?![A-Za-z0-9'])|[aIi](?=[ \t]{0,3}(?:[^\w\s']|\n|$)))"
"""Of a choice; "a" and "I" in the middle of a sentence are words."""
_WORD: Final = r"(?i:answer|choice|option)"
_IS: Final = r"(?:\s{1,3}(?i:is|would be|should be|must be)\b|[\W_]{0,3}[:=\n-])"
_BEFORE: Final = r"[\W_]{0,6}(?:an?\s(?=[A-Z]\b))?(?:(?i:the\s)?(?i:option|choice|letter)[\W_]{1,4})?"
_NAMED: Final = re.compile(
    rf"{_WORD}{_IS}{_BEFORE}{_LETTER}"
    rf"|\bI(?:'d|'ll| would| will)? (?:choose|pick|select|go with){_BEFORE}{_LETTER}"
    r"|boxed\{(?:\\\w{1,8}\{)?\W?([A-Za-z])\W?\}"
)
"""What follows names the answer, whatever else is said about the choices."""
_FIRST: Final = re.compile(r"\W{0,6}([A-Za-z])(?![A-Za-z0-9'])")
_LISTED: Final = re.compile(r"^\W{0,6}([A-Za-z])[.):]", re.MULTILINE)
_CORRECT: Final = re.compile(r"(?<![A-Za-z0-9'])([A-Z])[\W_]{1,4}is (?:the )?(?:only )?(?:correct|right|best|answer)\b")
_MENTIONED: Final = re.compile(rf"{_WORD}[\W_]{{1,6}}{_LETTER}")
_ALONE: Final = re.compile(r"(?<![A-Za-z0-9'])([A-Z])(?![A-Za-z0-9'])")


def number_of(written: object) -> float | None:
    """Parse a number, or a text that is one."""
    if isinstance(written, bool):
        return None
    if isinstance(written, int | float):
        try:
            return float(written)
        except OverflowError:  # an integer of more than 308 digits
            return None
    return _float(_plain(written)) if isinstance(written, str) else None


def last_number(text: str) -> float | None:
    """The last number in a text: a model's result comes last."""
    found = _NUMBER.findall(_plain(text[-_LONGEST:]))
    return _float(re.sub(f"[{_SPACES}]", "", found[-1])) if found else None


def choice_letter(text: str) -> str | None:
    """The chosen letter: named as the answer, set off at the beginning, called correct, or the only one there is.

    A letter that is only mentioned is often a wrong one, in the reasons after the answer.
    """
    end = text[-_LONGEST:]
    for found in (_last(_NAMED, end), _first(end), _last(_CORRECT, end), _only(_MENTIONED, end)):
        if found:
            return found.upper()
    alone = set(_ALONE.findall(end)) - {"A", "I"}
    return str(alone.pop()) if len(alone) == 1 else None


def _last(pattern: re.Pattern[str], text: str) -> str:
    letter = ""
    for found in pattern.finditer(text):
        letter = found[found.lastindex or 0]
    return letter


def _first(text: str) -> str:
    """The letter at the beginning, unless it begins a list of all choices."""
    first = _FIRST.match(text)
    if not first or "".join(_LISTED.findall(text)[:2]).upper() == "AB":
        return ""
    is_set_off = not text[first.end() :].strip() or text[first.end()] in ".):,;\n*"
    return first[1] if is_set_off else ""


def _only(pattern: re.Pattern[str], text: str) -> str:
    found = {one.upper() for one in pattern.findall(text)}
    return found.pop() if len(found) == 1 else ""


def _plain(text: str) -> str:
    """With the usual minus, and without what LaTeX puts between groups of digits."""
    return text.replace("\u2212", "-").replace("{,}", ",").replace("\\,", "")


def _float(written: str) -> float | None:
    try:
        return float(Decimal(written.strip().replace(",", "").replace("_", "")))
    except (InvalidOperation, OverflowError):
        return None

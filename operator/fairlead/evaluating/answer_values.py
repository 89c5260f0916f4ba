"""Extracts numbers and letters from an answer, in linear time."""

import re
from decimal import Decimal, InvalidOperation
from typing import Final

_NUMBER: Final = re.compile(r"-?\d[\d,_]*(?:\.\d+)?(?:[eE][-+]?\d{1,3})?")
_LONGEST: Final = 20_000
"""Characters at the end of an answer that are searched."""
_NAMED: Final = re.compile(r"(?:answer|choice|option)\W{0,6}(?:is\W{0,6})?([A-Za-z])(?![A-Za-z])", re.IGNORECASE)
_ALONE: Final = re.compile(r"(?<![A-Za-z0-9'])([A-Z])(?![A-Za-z0-9'])")
_FIRST: Final = re.compile(r"\W{0,6}([A-Za-z])(?![A-Za-z0-9'])")


def number_of(written: object) -> float | None:
    """Parse a number, or a text that is one."""
    if isinstance(written, bool):
        return None
    if isinstance(written, int | float):
        try:
            return float(written)
        except OverflowError:  # an integer of more than 308 digits
            return None
    return _float(written) if isinstance(written, str) else None


def last_number(text: str) -> float | None:
    """The last number in a text: a model's result comes last."""
    found = _NUMBER.findall(text[-_LONGEST:])
    return _float(found[-1]) if found else None


def choice_letter(text: str) -> str | None:
    """The chosen letter: named as the answer, set off at the beginning, or the only one that stands alone."""
    end = text[-_LONGEST:]
    named = _NAMED.findall(end)
    if named:
        return str(named[-1]).upper()
    first = _FIRST.match(end)
    if first and (not end[first.end() :].strip() or end[first.end()] in ".):,;\n*"):
        return first[1].upper()
    alone = set(_ALONE.findall(end)) - {"A", "I"}
    return str(alone.pop()) if len(alone) == 1 else None


def _float(written: str) -> float | None:
    try:
        return float(Decimal(written.strip().replace(",", "").replace("_", "")))
    except (InvalidOperation, OverflowError):
        return None

"""Parsing of durations and numbers on a command line; the error for an invalid one shows a valid one."""

import re
from typing import Final

SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


class ArgumentValueError(ValueError):
    """An argument's value is invalid; the message names it and a valid one."""


def duration(word: str, written: str) -> float:
    """Parse `800ms`, `1.5s`, `2m` or `24h` into seconds; never zero."""
    found = _DURATION.fullmatch(written)
    if not found or float(found[1]) == 0:
        raise ArgumentValueError(f"{word} {written}: a time such as 800ms or 1.5s")
    return float(found[1]) * SECONDS[found[2]]


def number(word: str, written: str, least: float, most: float) -> float:
    """Parse a number between two limits."""
    try:
        found = float(written)
    except ValueError:
        found = float("nan")
    if not least <= found <= most:
        raise ArgumentValueError(f"{word} {written}: a number between {least:g} and {most:g}")
    return found

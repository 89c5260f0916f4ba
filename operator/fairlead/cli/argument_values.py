"""Parsing of durations and numbers on a command line; the error for an invalid one shows a valid one."""

import os
import re
from math import inf
from pathlib import Path
from typing import Final

SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)")


class ArgumentValueError(ValueError):
    """An argument's value is invalid; the message names it and a valid one."""


def duration(word: str, written: str) -> float:
    """Parse `800ms`, `1.5s`, `2m`, `24h` or `14d` into seconds; never zero."""
    found = _DURATION.fullmatch(written)
    if not found or not 0 < float(found[1]) < inf:
        raise ArgumentValueError(f"{word} {written}: not a time; write it in ms, s, m, h or d, such as 1.5s or 14d")
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


def check_writable(word: str, written: str) -> None:
    """Raise `ArgumentValueError` if no file can be written there, before the work that fills it."""
    path = Path(written).absolute()
    if not written or path.is_dir():
        raise ArgumentValueError(f"{word} {written}: not a file; write the path of one")
    if not path.parent.is_dir():
        raise ArgumentValueError(f"{word} {written}: there is no such folder; create it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ArgumentValueError(f"{word} {written}: you are not permitted to write there; choose another place")

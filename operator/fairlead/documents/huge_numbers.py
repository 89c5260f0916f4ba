"""Which whole numbers are too large to count with, and the sentence for one, in JSON and in YAML alike."""

from typing import Final

MOST_DIGITS: Final = 308
"""Of a whole number: Python makes no float of more."""
_SHOWN: Final = 20


def shown(written: str) -> str:
    """Return the beginning of a value, which may be thousands of characters long."""
    return written if len(written) <= _SHOWN else f"{written[:_SHOWN]}…"


def too_large(written: str) -> str:
    """Return why a number cannot be read."""
    return f"{shown(written)} is too large a number"

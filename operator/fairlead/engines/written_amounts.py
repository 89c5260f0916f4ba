"""Amounts in GiB as a user writes them in extra arguments, as bytes that fit into JSON."""

from math import isfinite
from typing import Final

_GIB: Final = 1 << 30
_MAX_GIB: Final = 1 << 20
"""More main memory than a node has; a larger amount counts as this one, and could not be a number of bytes."""


def gib(written: str) -> float:
    """Parse a number of GiB; 0 for what is no amount, which is left to other checks."""
    try:
        amount = float(written)
    except ValueError:
        return 0.0
    return amount if isfinite(amount) and amount > 0 else 0.0


def bytes_of(gib: float) -> int:
    """Return an amount in bytes."""
    return int(min(gib, _MAX_GIB) * _GIB)

"""Kubernetes quantities: the form the API server would give them, and the number that one stands for."""

import re
from decimal import Decimal
from typing import Final

_LETTERS: Final = "KMGTPE"
_BINARY: Final = {f"{letter}i": 1024 ** (index + 1) for index, letter in enumerate(_LETTERS)}
_DECIMAL: Final = {letter.replace("K", "k"): 1000 ** (index + 1) for index, letter in enumerate(_LETTERS)}
_SMALL: Final = {"": Decimal(1), "m": Decimal("1e-3"), "u": Decimal("1e-6"), "n": Decimal("1e-9")}
_WORTH: Final = _SMALL | {unit: Decimal(worth) for unit, worth in (_BINARY | _DECIMAL).items()}
_SPELLING: Final = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?")


def of_bytes(count: int) -> str:
    """Format bytes in the largest unit that holds them whole, so that the server has nothing to rewrite."""
    for unit, worth in sorted((_BINARY | _DECIMAL).items(), key=lambda one: one[1], reverse=True):
        if count and count % worth == 0:
            return f"{count // worth}{unit}"
    return str(count)


def parsed(spelt: object) -> Decimal | None:
    """Return the number that a quantity stands for; None if it is not one."""
    found = _SPELLING.fullmatch(str(spelt))
    if found is None:
        return None
    number, ending = found.group(1), found.group(2) or ""
    if ending in _WORTH:
        return Decimal(number) * _WORTH[ending]
    return Decimal(number + ending) if len(ending) <= 4 else None

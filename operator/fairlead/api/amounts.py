"""Parsing of strings into seconds, bytes, shares and money. Only called with strings that `string_formats` accepted."""

import re
from decimal import Decimal
from typing import Final

_SECONDS: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86_400)}
_BYTES: Final = {
    "": 1,
    **{unit: 1000**power for power, unit in enumerate(("k", "M", "G", "T", "P"), start=1)},
    **{unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi"), start=1)},
}
MAX_BYTES: Final = 2**53 - 1
"""Larger sizes count as this one: more than any machine has, and the largest integer that JSON holds exactly."""


def seconds(duration: str) -> float:
    """Add up the parts of a duration: 1h30m is 5400."""
    pieces = re.findall(r"([0-9.]+)(ms|s|m|h|d)", duration)
    return float(sum(Decimal(number) * _SECONDS[unit] for number, unit in pieces))


def size(quantity: str) -> int:
    """Parse a quantity into bytes, rounded down: 1.5Gi is 1610612736; at most `MAX_BYTES`."""
    ((number, unit),) = re.findall(r"^([0-9.]+)([A-Za-z]*)$", quantity)
    return min(int(Decimal(number) * _BYTES[unit]), MAX_BYTES)


def millis(quantity: str) -> int:
    """Parse a number of cores into thousandths: 500m is 500, 0.5 as well."""
    return int(quantity.removesuffix("m")) if quantity.endswith("m") else int(Decimal(quantity) * 1000)


def maybe_size(quantity: str | None) -> int | None:
    """Parse an optional quantity into bytes."""
    return None if quantity is None else size(quantity)

"""Formats figures, each with its unit; an unknown one is a dash."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

UNKNOWN: Final = "-"


def count(value: float | None) -> str:
    """Format `1,024`."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """Format `64%`; below 1 %, as of an idle KV cache, `0.4%`."""
    if value is None:
        return UNKNOWN
    return f"{value:.1%}" if 0 < value < 0.01 else f"{value:.0%}"


def rate(value: float | None) -> str:
    """Format `0.25/s`, `12.4/s`."""
    if value is None:
        return UNKNOWN
    return f"{value:,.1f}/s" if value >= 1 else f"{value:.2f}/s"


def duration(seconds: float | None) -> str:
    """Format `48 ms`, `1.2 s`."""
    if seconds is None:
        return UNKNOWN
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def money(value: float | None) -> str:
    """Format `12.50`, in the currency of the catalogue."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def moment(seconds: float) -> str:
    """Format `2026-11-23 02:40:05 UTC`."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def number(written: object) -> float | None:
    """Parse a decimal of a status."""
    try:
        return None if written is None else float(str(written))
    except ValueError:
        return None


def estimate(written: Mapping[str, Any] | None) -> str:
    """Format a figure of the fit: the measured value, else the estimate with its bounds."""
    if not written:
        return UNKNOWN
    if written.get("measured") is not None:
        return f"{count(number(written['measured']))} measured"
    low, likely, high = (count(number(written.get(name))) for name in ("low", "likely", "high"))
    return f"{likely} ({low} to {high})"

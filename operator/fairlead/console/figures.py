"""Figures in words, each with its unit; one that is not known is a dash."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

UNKNOWN: Final = "-"


def count(value: float | None) -> str:
    """`1,024`."""
    return UNKNOWN if value is None else f"{value:,.0f}"


def share(value: float | None) -> str:
    """`64%`; below 1 %, as of an idle KV cache, `0.4%`."""
    if value is None:
        return UNKNOWN
    return f"{value:.1%}" if 0 < value < 0.01 else f"{value:.0%}"


def rate(value: float | None) -> str:
    """`0.25/s`, `12.4/s`."""
    if value is None:
        return UNKNOWN
    return f"{value:,.1f}/s" if value >= 1 else f"{value:.2f}/s"


def duration(seconds: float | None) -> str:
    """`48 ms`, `1.2 s`."""
    if seconds is None:
        return UNKNOWN
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def money(value: float | None) -> str:
    """`12.50`, in the currency of the catalogue."""
    return UNKNOWN if value is None else f"{value:,.2f}"


def moment(seconds: float) -> str:
    """`2026-11-23 02:40:05 UTC`."""
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def number(written: object) -> float | None:
    """A decimal as a status holds it."""
    try:
        return None if written is None else float(str(written))
    except ValueError:
        return None


def estimate(written: Mapping[str, Any] | None) -> str:
    """A figure of the fit: what was measured, else the estimate with its ends."""
    if not written:
        return UNKNOWN
    if written.get("measured") is not None:
        return f"{count(number(written['measured']))} measured"
    low, likely, high = (count(number(written.get(name))) for name in ("low", "likely", "high"))
    return f"{likely} ({low} to {high})"

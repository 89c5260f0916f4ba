"""The header Retry-After, as servers and proxies write it."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def seconds(written: str, now: datetime) -> float | None:
    """Return the seconds that the header names, or those until its date; None if it is neither."""
    text = written.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
        return max((at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return None

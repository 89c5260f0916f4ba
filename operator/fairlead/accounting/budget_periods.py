"""Days and months in UTC, in seconds since the epoch."""

from datetime import UTC, datetime, timedelta


def period_start(now: float, *, monthly: bool) -> float:
    """Return when the current period began."""
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (day.replace(day=1) if monthly else day).timestamp()


def period_end(now: float, *, monthly: bool) -> float:
    """Return when the next period begins."""
    start = datetime.fromtimestamp(period_start(now, monthly=monthly), UTC)
    if not monthly:
        return (start + timedelta(days=1)).timestamp()
    return (start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)).timestamp()

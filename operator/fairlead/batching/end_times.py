"""When a run ends that is to leave the fleet to the day: after a duration, at an hour, or at a date."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_LONGEST: Final = timedelta(days=366)
_OUTSIDE: Final = "it is not within the next year; write a later time"

Clock = Callable[[datetime], datetime]
"""Gives a local time its offset of that date, which may be another one than now's."""


def end_time(written: str, now: datetime, clock: Clock) -> datetime:
    """Read `8h`, `06:00` (the next; `now` is local, with its offset) or `2026-12-01T06:00Z`; raises `ValueError`."""
    if found := _DURATION.fullmatch(written):
        end = now + timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    elif hour := _HOUR.fullmatch(written):
        end = _next(now.replace(hour=int(hour[1]), minute=int(hour[2]), second=0, microsecond=0), now, clock)
    else:
        end = _date(written, now, clock)
    if not now < end <= now + _LONGEST:
        raise ValueError(_OUTSIDE)
    return end


def _next(today: datetime, now: datetime, clock: Clock) -> datetime:
    """Return when the clock shows this time next; some hours of a year come twice, and some never."""
    first = today.replace(tzinfo=None, fold=0)
    times = (first, first.replace(fold=1), first + timedelta(days=1))
    return next(end for end in map(clock, times) if end > now)


def _date(written: str, now: datetime, clock: Clock) -> datetime:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError("not a time; write 8h, 06:00 or 2026-12-01T06:00Z") from None
    if found.tzinfo is not None:
        return found
    if abs(found - now.replace(tzinfo=None)) > _LONGEST + timedelta(days=1):
        raise ValueError(_OUTSIDE)  # far from today a clock may have no offset
    return clock(found)

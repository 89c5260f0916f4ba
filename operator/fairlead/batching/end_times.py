"""When a run ends that is to leave the fleet to the day: after a duration, at an hour, or at a date."""

import re
from datetime import datetime, timedelta
from typing import Final

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_DURATION: Final = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_LONGEST: Final = timedelta(days=366)


def end_time(written: str, now: datetime) -> datetime:
    """Read `8h`, `06:00` (the next, in the zone of `now`) or `2026-12-01T06:00Z`; raises `ValueError`."""
    if found := _DURATION.fullmatch(written):
        end = now + timedelta(seconds=int(found[1]) * _UNITS[found[2]])
    elif hour := _HOUR.fullmatch(written):
        end = now.replace(hour=int(hour[1]), minute=int(hour[2]), second=0, microsecond=0)
        end += timedelta(days=end <= now)
    else:
        end = _date(written, now)
    if not now < end <= now + _LONGEST:
        raise ValueError("it is not within the next year; write a later time")
    return end


def _date(written: str, now: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError("not a time; write 8h, 06:00 or 2026-12-01T06:00Z") from None
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)

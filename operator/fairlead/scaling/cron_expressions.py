"""Cron expressions: which times they name, and the latest of them, in a time zone with clock changes.

Five fields: minute hour day month weekday, each a list of numbers, ranges or steps; if day and weekday are both
restricted, either is enough. A time that a clock change skips is shifted by the length of the jump; one that occurs
twice counts the first time.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

OFTEN: Final = 4
"""Openings a day above which they are merged into one window, as the gaps between them do not matter."""
MINUTE: Final = 60.0
DAY: Final = 86_400.0


class CronField(NamedTuple):
    """One field of a cron expression, with its range and the names that it accepts."""

    name: str
    least: int
    most: int
    words: str = ""


_MONTHS: Final = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_DAYS: Final = "SUN MON TUE WED THU FRI SAT"
FIELDS: Final = (
    CronField("minute", 0, 59),
    CronField("hour", 0, 23),
    CronField("day", 1, 31),
    CronField("month", 1, 12, _MONTHS),
    CronField("weekday", 0, 7, _DAYS),
)
_RANGE: Final = re.compile(r"(?:\*|([0-9A-Z]{1,3})(?:-([0-9A-Z]{1,3}))?)(?:/([0-9]{1,3}))?")
_LONGEST: Final = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""Days in each short month, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronExpression:
    """The times that an expression names."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    """Sunday is 0; the expression may also use 7."""
    any_day: bool
    any_weekday: bool

    def falls_on(self, day: date) -> bool:
        """Return whether the expression names any time of this day."""
        if day.month not in self.months:
            return False
        by_day, by_weekday = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_day and by_weekday
        return by_day or by_weekday


@dataclass(frozen=True, slots=True)
class ImpossibleCron:
    """An invalid expression, or one that names no time at all."""

    because: str


@lru_cache(maxsize=256)
def parse(written: str) -> CronExpression | ImpossibleCron:
    """Parse an expression."""
    texts = written.upper().split()
    if len(texts) != len(FIELDS):
        return ImpossibleCron(f"it has {len(texts)} fields, not five")
    found: list[frozenset[int]] = []
    for text, field in zip(texts, FIELDS, strict=True):
        values = _values(text, field)
        if values is None:
            return ImpossibleCron(
                f"{text} is not a valid {field.name}: write {field.least} to {field.most}, as a list, range or step"
            )
        found.append(values)
    minutes, hours, days, months, weekdays = found
    if texts[4] == "*" and not any(min(days) <= _LONGEST.get(month, 31) for month in months):
        return ImpossibleCron(f"none of these months has a day {min(days)}")
    return CronExpression(
        minutes=minutes,
        hours=hours,
        days=days,
        months=months,
        weekdays=frozenset(one % 7 for one in weekdays),
        any_day=texts[2] == "*",
        any_weekday=texts[4] == "*",
    )


def last_occurrence(written: str, zone: str, now: float, within: float) -> float | None:
    """Return the last time at or before `now`; None if it is more than `within` ago, or the expression is invalid."""
    cron, there = parse(written), _zone(zone)
    if isinstance(cron, ImpossibleCron) or there is None:
        return None
    found = _last(cron, there, int(now // MINUTE), int(within // DAY) + 1)
    return found if found is not None and found > now - within else None


def open_spans(written: str, zone: str, duration: float, days: Iterable[date]) -> list[tuple[float, float]]:
    """Return start and end of each window that opens on these days; frequent openings are merged into one window."""
    cron, there = parse(written), _zone(zone)
    if isinstance(cron, ImpossibleCron) or there is None:
        return []
    often = len(cron.hours) * len(cron.minutes) > OFTEN
    found = []
    for day in (one for one in days if cron.falls_on(one)):
        if often:
            first, last = _ends(cron, there, day)
            found.append((first, last + duration))
        else:
            found += [(one, one + duration) for one in sorted(_moments(cron, there, day))]
    return found


@lru_cache(maxsize=1024)
def _last(cron: CronExpression, zone: tzinfo, minute: int, days: int) -> float | None:
    """Cached by the minute: expressions name whole minutes, so every second of a minute has the same answer."""
    now = minute * MINUTE
    today = datetime.fromtimestamp(now, zone).date()
    for back in range(days + 1):
        day = today - timedelta(days=back)
        moments = _moments(cron, zone, day) if cron.falls_on(day) else ()
        if begun := [one for one in moments if one <= now]:
            return max(begun)
    return None


@lru_cache(maxsize=256)
def _moments(cron: CronExpression, zone: tzinfo, day: date) -> tuple[float, ...]:
    times = (time(hour, minute) for hour in cron.hours for minute in cron.minutes)
    return tuple(datetime.combine(day, one, zone).timestamp() for one in times)


def _ends(cron: CronExpression, zone: tzinfo, day: date) -> tuple[float, float]:
    """Return the first and the last time of a day, without the hundreds between them unless its clock changes."""
    midnight = datetime.combine(day, time(), zone)
    if midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset():
        moments = _moments(cron, zone, day)
        return min(moments), max(moments)
    first, last = time(min(cron.hours), min(cron.minutes)), time(max(cron.hours), max(cron.minutes))
    return datetime.combine(day, first, zone).timestamp(), datetime.combine(day, last, zone).timestamp()


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _values(written: str, field: CronField) -> frozenset[int] | None:
    """Return all numbers that a field allows; None if it is invalid."""
    found: set[int] = set()
    for piece in written.split(","):
        match = _RANGE.fullmatch(piece)
        if match is None:
            return None
        low, high, step = match.groups()
        first = field.least if low is None else _number(low, field)
        last_one = _number(high, field) if high else (field.most if low is None or step else first)
        stride = int(step or 1)
        if first is None or last_one is None or first > last_one or stride < 1:
            return None
        found |= set(range(first, last_one + 1, stride))
    return frozenset(found)


def _number(word: str, field: CronField) -> int | None:
    words = field.words.split()
    number = int(word) if word.isdigit() else field.least + words.index(word) if word in words else -1
    return number if field.least <= number <= field.most else None

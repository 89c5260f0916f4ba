"""Whether a schedule can ever begin: fields of a cron expression in their ranges, and a time zone that exists.

The API server only knows how both are spelled.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from fairlead.fleet.policies import ScheduleWindow
from fairlead.fleet.refusals import Reason, Refusal


class ScheduleReason(Reason):
    """Why a schedule is refused."""

    CRON_NEVER_HOLDS = "CronNeverHolds"
    NO_SUCH_TIME_ZONE = "NoSuchTimeZone"


class Field(NamedTuple):
    """One field of a cron expression."""

    name: str
    least: int
    most: int
    words: str = ""


_MONTHS: Final = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC"
_DAYS: Final = "SUN MON TUE WED THU FRI SAT"
CRON: Final = (
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day", 1, 31),
    Field("month", 1, 12, _MONTHS),
    Field("weekday", 0, 7, _DAYS),
)
_RANGE: Final = re.compile(r"(?:\*|([0-9A-Z]{1,3})(?:-([0-9A-Z]{1,3}))?)(?:/([0-9]{1,3}))?")
_LONGEST: Final = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
"""Days of the short months."""


def refusals(schedules: Iterable[ScheduleWindow], zones: frozenset[str] | None) -> Iterator[Refusal]:
    """Every expression that never holds, and every time zone that is not there."""
    for place, one in enumerate(schedules):
        if because := _never(one.cron):
            remedy = "write minute hour day month weekday, for instance 0 8 * * 1-5"
            yield _refusal(place, "cron", one.cron, ScheduleReason.CRON_NEVER_HOLDS, (because, remedy))
        if zones is not None and one.time_zone not in zones:
            near = difflib.get_close_matches(one.time_zone, sorted(zones), n=1)
            remedy = f"did you mean {near[0]}?" if near else "write an IANA name, for instance Europe/Berlin"
            words = ("the time zone database has no such zone", remedy)
            yield _refusal(place, "timeZone", one.time_zone, ScheduleReason.NO_SUCH_TIME_ZONE, words)


def _never(cron: str) -> str | None:
    found: list[set[int]] = []
    for written, field in zip(cron.split(), CRON, strict=True):
        values = _values(written.upper(), field)
        if values is None:
            return f"{written} is no {field.name}: {field.least} to {field.most}, as a list, range or step"
        found.append(values)
    days, months = found[2:4]
    if cron.split()[4] == "*" and not any(min(days) <= _LONGEST.get(month, 31) for month in months):
        return f"no such month has a day {min(days)}"
    return None


def _values(written: str, field: Field) -> set[int] | None:
    """All numbers that a field allows; nothing where it cannot be read."""
    found: set[int] = set()
    for piece in written.split(","):
        match = _RANGE.fullmatch(piece)
        if match is None:
            return None
        low, high, step = match.groups()
        first = field.least if low is None else _number(low, field)
        last = _number(high, field) if high else (field.most if low is None or step else first)
        stride = int(step or 1)
        if first is None or last is None or first > last or stride < 1:
            return None
        found |= set(range(first, last + 1, stride))
    return found


def _number(word: str, field: Field) -> int | None:
    words = field.words.split()
    number = int(word) if word.isdigit() else field.least + words.index(word) if word in words else -1
    return number if field.least <= number <= field.most else None


def _refusal(place: int, field: str, value: str, reason: ScheduleReason, words: tuple[str, str]) -> Refusal:
    because, remedy = words
    return Refusal(field=f"spec.schedules[{place}].{field}", value=value, reason=reason, because=because, remedy=remedy)

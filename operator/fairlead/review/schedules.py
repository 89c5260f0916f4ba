"""Whether a schedule can ever begin: fields of a cron expression in their ranges, and a time zone that exists.

The CRD's schema only checks the syntax of both.
"""

import difflib
from collections.abc import Iterable, Iterator

from fairlead.fleet.findings import FindingReason, SpecRefusal
from fairlead.fleet.policies import ScheduleWindow
from fairlead.scaling import cron_expressions


class ScheduleReason(FindingReason):
    """Why a schedule is refused."""

    CRON_NEVER_HOLDS = "CronNeverHolds"
    NO_SUCH_TIME_ZONE = "NoSuchTimeZone"


def refusals(schedules: Iterable[ScheduleWindow], zones: frozenset[str] | None) -> Iterator[SpecRefusal]:
    """Refuse every cron expression that never matches, and every time zone that does not exist."""
    for place, one in enumerate(schedules):
        if isinstance(found := cron_expressions.parse(one.cron), cron_expressions.ImpossibleCron):
            remedy = "write minute hour day month weekday, for instance 0 8 * * 1-5"
            yield _refusal(place, "cron", one.cron, ScheduleReason.CRON_NEVER_HOLDS, (found.because, remedy))
        if zones is not None and one.time_zone not in zones:
            near = difflib.get_close_matches(one.time_zone, sorted(zones), n=1)
            remedy = f"did you mean {near[0]}?" if near else "write an IANA name, for instance Europe/Berlin"
            words = ("the time zone database has no such zone", remedy)
            yield _refusal(place, "timeZone", one.time_zone, ScheduleReason.NO_SUCH_TIME_ZONE, words)


def _refusal(place: int, field: str, value: str, reason: ScheduleReason, words: tuple[str, str]) -> SpecRefusal:
    because, remedy = words
    return SpecRefusal(
        field=f"spec.schedules[{place}].{field}", value=value, reason=reason, because=because, remedy=remedy
    )

"""Which schedules are active, and their bounds; if two overlap, the higher bounds count.

A minimum applies one cold start before its window opens, so that its replicas are ready by then; a maximum only while
its window is open, and not to a minimum whose window opens after it. A schedule stays within the deployment's own
bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.fleet.policies import ReplicaBounds, ScheduleWindow
from fairlead.scaling import cron_expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleBounds:
    """The bounds at one moment."""

    least: int
    most: int
    """Below `least` while a minimum is prepared that opens after the maximum's window."""
    least_by: str = ""
    """The schedule that sets it; empty for the deployment itself."""
    most_by: str = ""


def in_force(schedules: Sequence[ScheduleWindow], bounds: ReplicaBounds, now: float, ahead: float) -> ScheduleBounds:
    """Return the bounds now; minima as of `ahead` seconds from now."""
    most, most_by = _ceiling(schedules, bounds, now)
    floors: list[tuple[int, int, str]] = []
    for one in schedules:
        if one.min_replicas is not None and (begins := _begins(one, now, ahead)) is not None:
            allowed = most if begins <= now else _ceiling(schedules, bounds, begins)[0]
            floors.append((min(one.min_replicas, allowed), one.min_replicas, one.name))
    least, written, least_by = max(floors, default=(bounds.least, bounds.least, ""))
    if written <= bounds.least:
        least, least_by = bounds.least, ""
    return ScheduleBounds(least=least, most=most, least_by=least_by, most_by=most_by)


def _ceiling(schedules: Sequence[ScheduleWindow], bounds: ReplicaBounds, at: float) -> tuple[int, str]:
    """Return the maximum at a time, and the schedule that sets it."""
    ceilings = [(one.max_replicas, one.name) for one in schedules if one.max_replicas is not None and _is_open(one, at)]
    most, most_by = max(ceilings, default=(bounds.most, ""))
    most = max(most, bounds.least)
    return (bounds.most, "") if most >= bounds.most else (most, most_by)


def _begins(one: ScheduleWindow, now: float, ahead: float) -> float | None:
    """Return from when its window counts: now if it is open, or when it opens within `ahead` seconds; else None."""
    return now if _is_open(one, now) else cron_expressions.last_occurrence(one.cron, one.time_zone, now + ahead, ahead)


def _is_open(one: ScheduleWindow, at: float) -> bool:
    return cron_expressions.last_occurrence(one.cron, one.time_zone, at, one.duration_seconds) is not None

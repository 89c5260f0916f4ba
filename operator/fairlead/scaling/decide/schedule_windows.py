"""Which schedules are active, and their bounds; if two overlap, the higher bounds count.

A minimum applies one cold start before its window opens, so that its replicas are ready by then; a maximum only from
the opening. A schedule stays within the deployment's own bounds.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from fairlead.fleet.policies import ReplicaBounds, ScheduleWindow
from fairlead.scaling import cron_expressions


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleBounds:
    """The bounds at one moment."""

    least: int
    most: int
    least_by: str = ""
    """The schedule that sets it; empty for the deployment itself."""
    most_by: str = ""


def in_force(schedules: Iterable[ScheduleWindow], bounds: ReplicaBounds, now: float, ahead: float) -> ScheduleBounds:
    """Return the bounds now; minima as of `ahead` seconds from now."""
    floors: list[tuple[int, str]] = []
    ceilings: list[tuple[int, str]] = []
    for one in schedules:
        if one.min_replicas is not None and _is_on(one, now, ahead):
            floors.append((one.min_replicas, one.name))
        if one.max_replicas is not None and _is_on(one, now, 0.0):
            ceilings.append((one.max_replicas, one.name))
    least, least_by = max(floors, default=(bounds.least, ""))
    most, most_by = max(ceilings, default=(bounds.most, ""))
    if least <= bounds.least:
        least, least_by = bounds.least, ""
    most = max(most, bounds.least)
    if most >= bounds.most:
        most, most_by = bounds.most, ""
    return ScheduleBounds(least=min(least, most), most=most, least_by=least_by, most_by=most_by)


def _is_on(one: ScheduleWindow, now: float, ahead: float) -> bool:
    """Return whether its window is open at `now`, or opens within `ahead` seconds."""
    return (
        cron_expressions.last_occurrence(one.cron, one.time_zone, now + ahead, one.duration_seconds + ahead) is not None
    )

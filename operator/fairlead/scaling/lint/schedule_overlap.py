"""Which schedules of a policy are open at the same time, within one calendar year."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import Final

from fairlead.fleet.policies import ScheduleWindow
from fairlead.scaling import cron_expressions

YEAR: Final = tuple(date(2028, 1, 1) + timedelta(days=number) for number in range(366))
"""A leap year, so that it has a 29th of February."""

OpenSpans = Sequence[tuple[float, float]]


def overlapping(schedules: Sequence[ScheduleWindow]) -> Iterator[tuple[int, int]]:
    """Yield the indexes of every two schedules that overlap."""
    open_at = [
        sorted(cron_expressions.open_spans(one.cron, one.time_zone, one.duration_seconds, YEAR)) for one in schedules
    ]
    for one, other in combinations(range(len(schedules)), 2):
        if _meet(open_at[one], open_at[other]):
            yield one, other


def _meet(one: OpenSpans, other: OpenSpans) -> bool:
    """Return whether any two spans overlap: the span that ends first cannot overlap later ones of the other list."""
    here = there = 0
    while here < len(one) and there < len(other):
        if one[here][0] < other[there][1] and other[there][0] < one[here][1]:
            return True
        if one[here][1] <= other[there][1]:
            here += 1
        else:
            there += 1
    return False

"""What a Prometheus remembers of the weeks before: who nobody looked at yet is not new to it.

Only the hours of the week are taken from it. Speeds and cold starts are learnt within minutes; a week is not.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Final

from fairlead.autoscaler.prometheus import PrometheusSampleSource
from fairlead.autoscaler.prometheus_queries import PodName
from fairlead.autoscaler.sample_source import SampleSource
from fairlead.scaling.demand_forecast import HOUR, UNSEEN, WEEK
from fairlead.scaling.scaling_state import ScalingState

WEEKS: Final = 4
"""Prometheus keeps 15 days by default; what it has not is left out."""


async def seeded(memory: ScalingState, source: SampleSource, routers: PodName, now: float) -> ScalingState:
    """With the hours of the week as they were, where none is known; `routers`: how their pods' names begin."""
    learnt = memory.learnt
    if learnt.forecasts.hours or not isinstance(source, PrometheusSampleSource):
        return memory
    end = now - now % HOUR
    course = await source.asked_each_hour(routers, end - WEEKS * WEEK * HOUR, end)
    known = hours(course)
    return replace(memory, learnt=replace(learnt, forecasts=replace(learnt.forecasts, hours=known)))


def hours(course: Iterable[tuple[float, float]]) -> tuple[float, ...]:
    """Mean requests a second by hour of the week, of rates over the hour before each moment; empty for none at all."""
    sums, counts = [0.0] * WEEK, [0] * WEEK
    for moment, rate in course:
        if isfinite(rate) and rate >= 0:
            hour = int((moment - HOUR) // HOUR) % WEEK
            sums[hour] += rate
            counts[hour] += 1
    if not any(counts):
        return ()
    return tuple(total / count if count else UNSEEN for total, count in zip(sums, counts, strict=True))

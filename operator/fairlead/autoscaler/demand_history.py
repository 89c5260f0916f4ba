"""Reads the demand of past weeks from Prometheus, so that a new deployment or autoscaler need not learn it again.

Only hours of the week are read: speeds and cold starts are learnt within minutes; a week is not.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite
from typing import Final

from fairlead.autoscaler.samples.prometheus import PrometheusSampleSource
from fairlead.autoscaler.samples.prometheus_queries import PodName
from fairlead.autoscaler.samples.sample_source import SampleSource
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.learn.demand_forecast import HOUR, UNSEEN, WEEK

WEEKS: Final = 4
"""Prometheus keeps 15 days by default; hours without samples are left out."""


async def seeded(memory: ScalingState, source: SampleSource, routers: PodName, now: float) -> ScalingState:
    """Add mean demand by hour of the week, if unknown; `routers` is the prefix of their pods' names."""
    estimates = memory.estimates
    if estimates.forecasts.hours or not isinstance(source, PrometheusSampleSource):
        return memory
    end = now - now % HOUR
    course = await source.requests_each_hour(routers, end - WEEKS * WEEK * HOUR, end)
    by_hour = hours(course)
    return replace(memory, estimates=replace(estimates, forecasts=replace(estimates.forecasts, hours=by_hour)))


def hours(course: Iterable[tuple[float, float]]) -> tuple[float, ...]:
    """Return mean requests a second by hour of the week; each input is a rate over the hour before its time; empty if
    none."""
    sums, counts = [0.0] * WEEK, [0] * WEEK
    for moment, rate in course:
        if isfinite(rate) and rate >= 0:
            hour = int((moment - HOUR) // HOUR) % WEEK
            sums[hour] += rate
            counts[hour] += 1
    if not any(counts):
        return ()
    return tuple(total / count if count else UNSEEN for total, count in zip(sums, counts, strict=True))

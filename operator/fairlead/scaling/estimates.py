"""What is learnt from one look to the next: demand, what requests are like, speeds, cold starts, forecasts and misses.

Deciding comes first and uses what was learnt before this look, so that more demand never makes a replica look faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.scaling import (
    arrival_rates,
    cold_starts,
    demand_forecast,
    intervals,
    overprovisioning,
    queue_age,
    replica_speed,
    request_drift,
    request_mix,
    slo_correction,
)
from fairlead.scaling.arrival_rates import ArrivalResolution, Arrivals
from fairlead.scaling.cold_starts import ColdStartTimes
from fairlead.scaling.demand_forecast import ForecastHistory
from fairlead.scaling.facts import EngineFigures, EnginePod, ScalingFacts
from fairlead.scaling.intervals import EngineBaseline, EngineInterval
from fairlead.scaling.overprovisioning import OverprovisioningEstimate
from fairlead.scaling.pod_inventory import PodInventory
from fairlead.scaling.queue_age import QueueAge
from fairlead.scaling.replica_speed import SpeedFit
from fairlead.scaling.request_mix import RequestMix
from fairlead.scaling.slo_correction import ServingState, SloCorrection

GRAIN: Final = 1 / 32
"""Of a cold start: how finely arrivals are kept."""
TEACHING: Final = 1 / 16
"""Of the assumed cold start, between two looks at a pod that teach."""
SETTLED: Final = 1 / 4
"""Of a cold start: a replica younger than that still warms its caches, and teaches nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """Nothing at first."""

    arrivals: Arrivals = field(default_factory=Arrivals)
    forecasts: ForecastHistory = field(default_factory=ForecastHistory)
    mixture: RequestMix = field(default_factory=RequestMix)
    fits: tuple[SpeedFit, ...] = ()
    starts: tuple[ColdStartTimes, ...] = ()
    marks: tuple[EngineBaseline, ...] = ()
    """By the name of the pod; those that are gone are forgotten."""
    strain: SloCorrection = field(default_factory=SloCorrection)
    excess: OverprovisioningEstimate = field(default_factory=OverprovisioningEstimate)
    pressed_since: float | None = None
    """Since when more wait than the target allows."""
    queueing: QueueAge = field(default_factory=QueueAge)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFeedback:
    """What was decided at this look, as far as it is learnt from."""

    now: float
    reckoned: float | None
    """Replicas that what comes takes by the arithmetic alone; nothing where nobody could reckon."""
    need: float | None
    """Replicas that were asked for, in parts of one; nothing where a bound answered instead."""
    waiting: float
    pressed_since: float | None


def horizon(learnt: Estimates, facts: ScalingFacts) -> float:
    """Seconds from asking for a replica until it serves."""
    return cold_starts.horizon(learnt.starts, facts.revision, facts.policy.cold_start)


def with_arrivals(learnt: Estimates, facts: ScalingFacts, roster: PodInventory, now: float) -> Estimates:
    """With arrivals and queues up to now, which is all that a decision takes from this look."""
    grain = GRAIN * max(facts.policy.cold_start.assume_seconds, horizon(learnt, facts))
    rhythm = ArrivalResolution(grain=grain, stale=facts.policy.stale_after_seconds)
    request = request_mix.average(learnt.mixture)
    told, listed = arrival_rates.counters(roster, request.prompt_tokens if request else 0.0)
    return replace(
        learnt,
        arrivals=arrival_rates.updated(learnt.arrivals, told, listed, rhythm, now),
        queueing=queue_age.updated(learnt.queueing, roster, now),
    )


def updated(
    before: Estimates, facts: ScalingFacts, roster: PodInventory, heard_now: Estimates, moment: DecisionFeedback
) -> Estimates:
    """With all that this look teaches, beside what was heard already."""
    now = moment.now
    ahead = horizon(before, facts)
    came, marks = _came(before, facts, roster, ahead)
    mixture = request_mix.updated(_mixture(before, came), came)
    if came:
        mixture = request_mix.with_running(mixture, (figures for _, figures in roster.known))
    fits = replica_speed.updated(_fits(before, facts, came), facts.revision, came)
    room = max((figures.kv_tokens for _, figures in _own(facts, roster) if figures.kv_tokens), default=None)
    return replace(
        heard_now,
        forecasts=demand_forecast.updated(before.forecasts, heard_now.arrivals.points, ahead, now),
        mixture=_asked(mixture, before.arrivals, heard_now.arrivals),
        fits=replica_speed.with_kv_tokens(fits, facts.revision, room) if room else fits,
        starts=cold_starts.with_starts(before.starts, facts.revision, roster.ready),
        marks=marks,
        strain=before.strain
        if moment.reckoned is None
        else slo_correction.updated(
            before.strain,
            came,
            facts.policy.objectives,
            ServingState(
                ready=len(roster.ready),
                reckoned=moment.reckoned,
                waiting=moment.waiting,
                horizon=ahead,
                now=now,
            ),
        ),
        excess=overprovisioning.updated(before.excess, _serving(facts, roster), moment.need, ahead, now),
        pressed_since=moment.pressed_since,
    )


def _mixture(before: Estimates, came: Sequence[EngineInterval]) -> RequestMix:
    """What was learnt of other requests weighs less when those that come stay longer."""
    request = request_mix.average(before.mixture)
    return (
        before.mixture
        if request is None
        else request_mix.discounted(before.mixture, request_drift.mix_weight(came, request))
    )


def _fits(before: Estimates, facts: ScalingFacts, came: Sequence[EngineInterval]) -> tuple[SpeedFit, ...]:
    """The same of the speed that they were served at."""
    speed = replica_speed.speed(before.fits, facts.revision, facts.assumed)
    if speed is None:
        return before.fits
    return replica_speed.discounted(before.fits, facts.revision, request_drift.speed_weight(came, speed))


def _serving(facts: ScalingFacts, roster: PodInventory) -> int:
    """Ready ones beside the spares: those are there whatever is needed."""
    return len(roster.ready) - facts.policy.warm_pool.ready


def _own(facts: ScalingFacts, roster: PodInventory) -> list[tuple[EnginePod, EngineFigures]]:
    """Those of the wanted revision."""
    return [(pod, figures) for pod, figures in roster.known if pod.revision == facts.revision]


def _came(
    before: Estimates, facts: ScalingFacts, roster: PodInventory, ahead: float
) -> tuple[list[EngineInterval], tuple[EngineBaseline, ...]]:
    """What settled pods of the wanted revision did since their marks, and the marks to go on from."""
    kept = {mark.name: mark for mark in before.marks}
    apart = TEACHING * facts.policy.cold_start.assume_seconds
    came: list[EngineInterval] = []
    marks: list[EngineBaseline] = []
    for pod, figures in _own(facts, roster):
        mark = kept.get(pod.name)
        if mark is not None and 0 <= figures.at - mark.at < apart:
            marks.append(mark)
            continue
        look = intervals.baseline(pod, figures)
        marks.append(look)
        settled = figures.at - (pod.ready_at if pod.ready_at is not None else pod.since) >= SETTLED * ahead
        interval = intervals.between(mark, look) if mark is not None and settled else None
        if interval is not None:
            came.append(interval)
    return came, tuple(marks)


def _asked(mixture: RequestMix, before: Arrivals, after_it: Arrivals) -> RequestMix:
    """With what routers counted since the last look."""
    if not before.points:
        return mixture
    last, now = before.points[-1], after_it.points[-1]
    return request_mix.with_arrivals(mixture, now.requests - last.requests, now.prompt_tokens - last.prompt_tokens)

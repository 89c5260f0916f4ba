"""What is learnt from one decision to the next: demand, request lengths, speeds, cold starts, forecasts and their
errors.

A decision uses earlier estimates and updates them afterwards, so that more demand never makes a replica look faster.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.scaling.decide import queue_age, replica_need
from fairlead.scaling.decide.pod_inventory import PodInventory
from fairlead.scaling.decide.queue_age import QueueAge
from fairlead.scaling.facts import EngineFigures, EnginePod, ScalingFacts
from fairlead.scaling.learn import (
    arrival_counters,
    arrival_rates,
    cold_starts,
    demand_forecast,
    intervals,
    overprovisioning,
    replica_speed,
    request_drift,
    request_mix,
    slo_correction,
)
from fairlead.scaling.learn.arrival_rates import ArrivalResolution, Arrivals
from fairlead.scaling.learn.cold_starts import ColdStartTimes
from fairlead.scaling.learn.demand_forecast import ForecastHistory
from fairlead.scaling.learn.intervals import EngineBaseline, EngineInterval
from fairlead.scaling.learn.overprovisioning import OverprovisioningEstimate
from fairlead.scaling.learn.replica_speed import SpeedFit
from fairlead.scaling.learn.request_mix import RequestMix
from fairlead.scaling.learn.slo_correction import ServingState, SloCorrection

GRAIN: Final = 1 / 32
"""In cold starts: the distance of points in the series of arrivals."""
TEACHING: Final = 1 / 16
"""In assumed cold starts: the shortest interval between two samples of a pod that is learnt from."""
SETTLED: Final = 1 / 4
"""In cold starts: younger replicas still warm their caches, and are not learnt from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """All estimates for one deployment; initially empty."""

    arrivals: Arrivals = field(default_factory=Arrivals)
    forecasts: ForecastHistory = field(default_factory=ForecastHistory)
    mixture: RequestMix = field(default_factory=RequestMix)
    fits: tuple[SpeedFit, ...] = ()
    starts: tuple[ColdStartTimes, ...] = ()
    marks: tuple[EngineBaseline, ...] = ()
    """By pod name; those of deleted pods are dropped."""
    slo_correction: SloCorrection = field(default_factory=SloCorrection)
    excess: OverprovisioningEstimate = field(default_factory=OverprovisioningEstimate)
    pressed_since: float | None = None
    """Since when queue depth or KV cache has needed more than the ready replicas."""
    queueing: QueueAge = field(default_factory=QueueAge)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFeedback:
    """The part of a decision that is learnt from."""

    now: float
    reckoned: float | None
    """Replicas for the present demand by the arithmetic and headroom alone; None if they could not be computed."""
    need: float | None
    """The need in fractions of a replica; None if a bound decided instead."""
    waiting: float
    pressed_since: float | None


def _slo_correction(
    before: Estimates, facts: ScalingFacts, came: Sequence[EngineInterval], serving: ServingState
) -> SloCorrection:
    """Learn from attainment, but none of an objective that no number of replicas meets: its misses would buy replicas
    up to the maximum."""
    speed = replica_speed.speed(before.fits, facts.revision, facts.assumed)
    if speed is not None and replica_need.is_too_fast(facts.policy.objectives, speed):
        return SloCorrection()
    return slo_correction.updated(before.slo_correction, came, facts.policy.objectives, serving)


def horizon(estimates: Estimates, facts: ScalingFacts) -> float:
    """Return the seconds from a recommendation of one more replica until it serves."""
    return cold_starts.horizon(estimates.starts, facts.revision, facts.policy.cold_start)


def with_arrivals(estimates: Estimates, facts: ScalingFacts, inventory: PodInventory, now: float) -> Estimates:
    """Add arrivals and queues up to now: all that a decision learns from present samples before it is made."""
    grain = GRAIN * max(facts.policy.cold_start.assume_seconds, horizon(estimates, facts))
    resolution = ArrivalResolution(grain=grain, stale=facts.policy.stale_after_seconds)
    request = request_mix.average(estimates.mixture)
    counters, listed = arrival_counters.counters(inventory, request.prompt_tokens if request else 0.0)
    return replace(
        estimates,
        arrivals=arrival_rates.updated(estimates.arrivals, counters, listed, resolution, now),
        queueing=queue_age.updated(estimates.queueing, inventory, now),
    )


def updated(
    before: Estimates, facts: ScalingFacts, inventory: PodInventory, present: Estimates, moment: DecisionFeedback
) -> Estimates:
    """Add what the present samples teach, apart from the arrivals that were added before."""
    now = moment.now
    ahead = horizon(before, facts)
    came, marks = _came(before, facts, inventory, ahead)
    mixture, fits = before.mixture, before.fits
    if came:
        mixture = request_mix.updated(_mixture(before, came), came)
        mixture = request_mix.with_running(mixture, (figures for _, figures in inventory.measured))
        fits = replica_speed.updated(_fits(before, facts, came), facts.revision, came)
    room = max((figures.kv_tokens for _, figures in _own(facts, inventory) if figures.kv_tokens), default=None)
    return replace(
        present,
        forecasts=_forecasts(before, present, ahead, now),
        mixture=_with_new_arrivals(mixture, before.arrivals, present.arrivals),
        fits=replica_speed.with_kv_tokens(fits, facts.revision, room) if room else fits,
        starts=cold_starts.with_starts(before.starts, facts.revision, inventory.ready),
        marks=marks,
        slo_correction=before.slo_correction
        if moment.reckoned is None
        else _slo_correction(
            before,
            facts,
            came,
            ServingState(
                ready=len(inventory.ready),
                reckoned=moment.reckoned,
                waiting=moment.waiting,
                horizon=ahead,
                now=now,
            ),
        ),
        excess=overprovisioning.updated(before.excess, _serving(facts, inventory), moment.need, ahead, now),
        pressed_since=moment.pressed_since,
    )


def _forecasts(before: Estimates, present: Estimates, ahead: float, now: float) -> ForecastHistory:
    """Check and add forecasts; while a counter cannot be read, they wait until the series is corrected."""
    if present.arrivals.unread_seconds:
        return before.forecasts
    return demand_forecast.updated(before.forecasts, present.arrivals.points, ahead, now)


def _mixture(before: Estimates, came: Sequence[EngineInterval]) -> RequestMix:
    """Update the mix; earlier requests count for less when present ones take longer than learnt."""
    request = request_mix.average(before.mixture)
    return (
        before.mixture
        if request is None
        else request_mix.discounted(before.mixture, request_drift.mix_weight(came, request))
    )


def _fits(before: Estimates, facts: ScalingFacts, came: Sequence[EngineInterval]) -> tuple[SpeedFit, ...]:
    """Update the fits; earlier speeds count for less when tokens take longer than learnt."""
    speed = replica_speed.speed(before.fits, facts.revision, facts.assumed)
    if speed is None:
        return before.fits
    return replica_speed.discounted(before.fits, facts.revision, request_drift.speed_weight(came, speed))


def _serving(facts: ScalingFacts, inventory: PodInventory) -> int:
    """Return the ready replicas without the warm pool, which is kept whatever the need."""
    return len(inventory.ready) - facts.policy.warm_pool.ready


def _own(facts: ScalingFacts, inventory: PodInventory) -> list[tuple[EnginePod, EngineFigures]]:
    """Return the pods of the target."""
    return [(pod, figures) for pod, figures in inventory.measured if pod.revision == facts.revision]


def _came(
    before: Estimates, facts: ScalingFacts, inventory: PodInventory, ahead: float
) -> tuple[list[EngineInterval], tuple[EngineBaseline, ...]]:
    """Return what settled pods of the target did since their baselines, and the next baselines."""
    kept = {mark.name: mark for mark in before.marks}
    apart = TEACHING * facts.policy.cold_start.assume_seconds
    came: list[EngineInterval] = []
    marks: list[EngineBaseline] = []
    for pod, figures in _own(facts, inventory):
        mark = kept.get(pod.name)
        if mark is not None and 0 <= figures.at - mark.at < apart:
            marks.append(mark)
            continue
        current = intervals.baseline(pod, figures)
        marks.append(current)
        settled = figures.at - (pod.ready_at if pod.ready_at is not None else pod.since) >= SETTLED * ahead
        interval = intervals.between(mark, current) if mark is not None and settled else None
        if interval is not None:
            came.append(interval)
    return came, tuple(marks)


def _with_new_arrivals(mixture: RequestMix, before: Arrivals, after_it: Arrivals) -> RequestMix:
    """Add the arrivals counted since the last decision."""
    if not before.points:
        return mixture
    last, now = before.points[-1], after_it.points[-1]
    requests, tokens = now.requests - last.requests, now.prompt_tokens - last.prompt_tokens
    return request_mix.with_arrivals(mixture, max(requests, 0.0), max(tokens, 0.0))

"""How much more, or less, a fleet needs than computed, fitted to SLO attainment: what the arithmetic does not model.

At every decision the fleet has a use, the computed need over the ready replicas, and a share of requests that missed an
objective. Misses grow with a power of use; power and level are fitted to recent samples, starting from an assumption.
So oversized fleets teach as well as undersized ones, and no objective has to be missed first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, fsum, log
from typing import Final

from fairlead.fleet.policies import Objectives
from fairlead.scaling.learn.intervals import EngineInterval

ALLOWED: Final = 0.05
"""Share of requests that may miss an objective, by the definition of a 95th percentile."""
RESERVED: Final = 1.6
"""Times the policy's headroom: the part of the allowed misses that is kept in reserve."""
LEAST_USED: Final = 0.1
"""The least share of the allowed misses to aim at, whatever the headroom."""
USUAL_HEADROOM: Final = 0.15
"""A policy's default; with it and no samples the correction is 1."""
PLACES: Final = 16
LOWEST: Final = 0.25
HIGHEST: Final = 1.6
"""Range of use that is divided into buckets; above it a fleet is overloaded, and not representative."""
WIDE: Final = log(HIGHEST / LOWEST) / PLACES
"""Width of each bucket, in logarithms."""
KEPT: Final = 30_000.0
"""Requests after which half of the weight is forgotten."""
TOGETHER: Final = 5.0
"""Misses come in groups: this many count as one independent miss."""
POWER: Final = 3.0
"""The assumed power of use with which misses grow: 2 to 7 in simulated fleets on recorded traffic."""
POWER_DOUBT: Final = 1.0
MIN_POWER: Final = 1.2
LEVEL_DOUBT: Final = 1.2
"""Standard deviation of the assumed level: the logarithm of the share that misses at the computed use."""
ROUNDS: Final = 6
SMOOTH: Final = 1 / 8
"""In cold starts: smoothing of use, since requests that end now were served a while ago."""
LEAST: Final = 0.75
MOST: Final = 2.5
"""Smallest and largest factor on the computed need; beyond these the arithmetic itself must be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SloCorrection:
    """The fitted samples; initially empty."""

    buckets: tuple[tuple[float, float], ...] = ()
    """For each bucket of use: requests, and how many of them missed an objective."""
    use: float | None = None
    """The smoothed use."""
    at: float | None = None
    """When it was updated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingState:
    """The fleet while the requests were served."""

    ready: int
    reckoned: float
    """The need by the arithmetic alone, for the present demand."""
    waiting: float
    horizon: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MissCurve:
    """How misses grow with use, as fitted."""

    level: float
    """Logarithm of the share that misses at the computed use."""
    power: float
    """The power of use with which they grow."""


def factor(fit: MissCurve, headroom: float) -> float:
    """Return the factor on the computed need at which as many requests miss as may."""
    return min(max(exp((fit.level - _aim(headroom)) / fit.power), LEAST), MOST)


def _aim(headroom: float) -> float:
    """Return the logarithm of the share that may miss."""
    return log(ALLOWED * max(1 - RESERVED * headroom, LEAST_USED))


def updated(
    before: SloCorrection, came: Sequence[EngineInterval], objectives: Objectives, serving: ServingState
) -> SloCorrection:
    """Add the attainment of these intervals, but none with a long queue: waits then reflect an earlier replica
    count."""
    if serving.ready <= 0 or serving.reckoned <= 0:
        return before
    use = _smoothed(before, serving)
    moved = SloCorrection(buckets=before.buckets, use=use, at=serving.now)
    requests = fsum(one.first for one in came)
    share = _missed(came, objectives)
    if share is None or requests <= 0 or use >= HIGHEST or serving.waiting > serving.ready:
        return moved
    buckets = list(before.buckets or ((0.0, 0.0),) * PLACES)
    keep = 2.0 ** (-requests / KEPT)
    buckets = [(count * keep, missed * keep) for count, missed in buckets]
    place = _place(use)
    count, missed = buckets[place]
    buckets[place] = (count + requests, missed + requests * share)
    return SloCorrection(buckets=tuple(buckets), use=use, at=serving.now)


def _smoothed(before: SloCorrection, serving: ServingState) -> float:
    use = serving.reckoned / serving.ready
    if before.use is None or before.at is None:
        return use
    elapsed = max(serving.now - before.at, 0.0)
    weight = elapsed / (elapsed + SMOOTH * serving.horizon)
    return before.use + weight * (use - before.use)


def _place(use: float) -> int:
    return min(max(int(log(max(use, LOWEST) / LOWEST) / WIDE), 0), PLACES - 1)


def _middle(place: int) -> float:
    """Return the logarithm of use at the middle of a bucket."""
    return log(LOWEST) + (place + 0.5) * WIDE


def fit_misses(correction: SloCorrection) -> MissCurve:
    """Fit by Poisson regression with a prior, using Newton's method."""
    return _fitted(correction.buckets)


@lru_cache(maxsize=64)
def _fitted(buckets: tuple[tuple[float, float], ...]) -> MissCurve:
    """Cached, since every other decision has no new samples (bench.backtest_speed)."""
    assumed = _aim(USUAL_HEADROOM)
    level, power = assumed, POWER
    points = [(_middle(place), count, missed) for place, (count, missed) in enumerate(buckets) if count > 0]
    if not points:
        return MissCurve(level=level, power=power)
    for _ in range(ROUNDS):
        slope_level = (assumed - level) / LEVEL_DOUBT**2
        slope_power = (POWER - power) / POWER_DOUBT**2
        level_level, level_power, power_power = 1 / LEVEL_DOUBT**2, 0.0, 1 / POWER_DOUBT**2
        for x, count, missed in points:
            expected = count * exp(min(level + power * x, 0.0)) / TOGETHER
            off = missed / TOGETHER - expected
            slope_level += off
            slope_power += off * x
            level_level += expected
            level_power += expected * x
            power_power += expected * x * x
        whole = level_level * power_power - level_power * level_power
        level += (slope_level * power_power - slope_power * level_power) / whole
        power += (slope_power * level_level - slope_level * level_power) / whole
        power = max(power, MIN_POWER)
        level = min(max(level, assumed - 4), 0.0)
    return MissCurve(level=level, power=power)


def _missed(came: Sequence[EngineInterval], objectives: Objectives) -> float | None:
    """Return the share of requests that missed an objective: hardly any misses both, so the shares are added."""
    shares: list[float | None] = []
    if objectives.ttft_p95_seconds is not None:
        shares.append(_share([(one.first_late, one.first) for one in came]))
    if objectives.tpot_p95_seconds is not None:
        shares.append(_share([(one.pace_late, one.paced) for one in came]))
    present = [share for share in shares if share is not None]
    return min(fsum(present), 1.0) if present else None


def _share(counted: list[tuple[float | None, float]]) -> float | None:
    late = [(missed, count) for missed, count in counted if missed is not None]
    count = fsum(count for _, count in late)
    return fsum(missed for missed, _ in late) / count if count > 0 else None

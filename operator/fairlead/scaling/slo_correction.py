"""How much more, or less, it takes than the arithmetic says, as users felt it: what no formula knows of a real fleet.

At every look the fleet was used to some part of what was reckoned, and some requests missed an objective. Misses grow
with a power of use; which one, and from where, is fitted to what was felt lately, beginning with an assumption. So a
fleet that is too large teaches as well as one that is too small, and nothing has to go wrong first.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum, log
from typing import Final

from fairlead.fleet.policies import Objectives
from fairlead.scaling.intervals import EngineInterval

ALLOWED: Final = 0.05
"""Share of requests that may miss an objective, by the meaning of a 95th percentile."""
RESERVED: Final = 1.6
"""Times the policy's headroom: the part of these that is kept for what nobody foresees."""
LEAST_USED: Final = 0.1
"""Of the allowed misses, whatever the headroom."""
USUAL_HEADROOM: Final = 0.15
"""A policy's, unless it says otherwise: with it, nothing felt means no strain."""
PLACES: Final = 16
LOWEST: Final = 0.25
HIGHEST: Final = 1.6
"""Use between which it is told apart; beyond the highest a fleet is overrun, which tells nothing of a well used one."""
WIDE: Final = log(HIGHEST / LOWEST) / PLACES
"""Of each place, in logarithms."""
KEPT: Final = 30_000.0
"""Requests after which half is forgotten."""
TOGETHER: Final = 5.0
"""Misses come in groups: so many of them tell as much as one that came by itself."""
POWER: Final = 3.0
"""Of use, by which misses grow: 2 to 7 in simulated fleets on recorded traffic."""
POWER_DOUBT: Final = 1.0
LEAST_POWER: Final = 1.2
LEVEL_DOUBT: Final = 1.2
"""Of the logarithm of the misses where use is as reckoned."""
ROUNDS: Final = 6
SMOOTH: Final = 1 / 8
"""Of a cold start: who ends now was served a while ago."""
LEAST: Final = 0.75
MOST: Final = 2.5
"""Of what was reckoned; beyond that the arithmetic is not strained but wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SloCorrection:
    """Nothing at first."""

    felt: tuple[tuple[float, float], ...] = ()
    """By use: requests, and those of them that missed an objective."""
    use: float | None = None
    """Of late."""
    at: float | None = None
    """When that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingState:
    """How many there were while it was felt."""

    ready: int
    reckoned: float
    """By the arithmetic alone, for what came."""
    waiting: float
    horizon: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MissCurve:
    """How misses grow with use, as far as it was felt."""

    level: float
    """Logarithm of the share that misses where use is as reckoned."""
    power: float
    """Of use, by which they grow."""


def factor(fit: MissCurve, headroom: float) -> float:
    """Of what was reckoned, so that as many miss as may."""
    return min(max(exp((fit.level - _aim(headroom)) / fit.power), LEAST), MOST)


def _aim(headroom: float) -> float:
    """The logarithm of the share that may miss."""
    return log(ALLOWED * max(1 - RESERVED * headroom, LEAST_USED))


def updated(
    before: SloCorrection, came: Sequence[EngineInterval], objectives: Objectives, stand: ServingState
) -> SloCorrection:
    """With what users felt in these; who waits in a crowd was not served by the replicas that are there now."""
    if stand.ready <= 0 or stand.reckoned <= 0:
        return before
    use = _smoothed(before, stand)
    moved = SloCorrection(felt=before.felt, use=use, at=stand.now)
    requests = fsum(one.first for one in came)
    share = _missed(came, objectives)
    if share is None or requests <= 0 or use >= HIGHEST or stand.waiting > stand.ready:
        return moved
    felt = list(before.felt or ((0.0, 0.0),) * PLACES)
    keep = 2.0 ** (-requests / KEPT)
    felt = [(count * keep, missed * keep) for count, missed in felt]
    place = _place(use)
    count, missed = felt[place]
    felt[place] = (count + requests, missed + requests * share)
    return SloCorrection(felt=tuple(felt), use=use, at=stand.now)


def _smoothed(before: SloCorrection, stand: ServingState) -> float:
    use = stand.reckoned / stand.ready
    if before.use is None or before.at is None:
        return use
    elapsed = max(stand.now - before.at, 0.0)
    weight = elapsed / (elapsed + SMOOTH * stand.horizon)
    return before.use + weight * (use - before.use)


def _place(use: float) -> int:
    return min(max(int(log(max(use, LOWEST) / LOWEST) / WIDE), 0), PLACES - 1)


def _middle(place: int) -> float:
    """The logarithm of the use there."""
    return log(LOWEST) + (place + 0.5) * WIDE


def fit_misses(strain: SloCorrection) -> MissCurve:
    """Poisson's regression with an assumption, by Newton's method."""
    assumed = _aim(USUAL_HEADROOM)
    level, power = assumed, POWER
    points = [(_middle(place), count, missed) for place, (count, missed) in enumerate(strain.felt) if count > 0]
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
        power = max(power, LEAST_POWER)
        level = min(max(level, assumed - 4), 0.0)
    return MissCurve(level=level, power=power)


def _missed(came: Sequence[EngineInterval], objectives: Objectives) -> float | None:
    """Share of requests that missed an objective: hardly any misses both, so that they add up."""
    shares: list[float | None] = []
    if objectives.ttft_p95_seconds is not None:
        shares.append(_share([(one.first_late, one.first) for one in came]))
    if objectives.tpot_p95_seconds is not None:
        shares.append(_share([(one.pace_late, one.paced) for one in came]))
    known = [share for share in shares if share is not None]
    return min(fsum(known), 1.0) if known else None


def _share(counted: list[tuple[float | None, float]]) -> float | None:
    late = [(missed, count) for missed, count in counted if missed is not None]
    count = fsum(count for _, count in late)
    return fsum(missed for missed, _ in late) / count if count > 0 else None

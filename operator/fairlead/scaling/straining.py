"""How much more, or less, it takes than the arithmetic says, as users felt it: what no formula knows of a real fleet.

Requests that missed an objective although as many replicas served as were reckoned raise the strain; a fleet that keeps
nearly all with no more than was reckoned lowers it. It moves with the number of requests, and never faster than a
change of the fleet could have shown its effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, fsum
from typing import Final

from fairlead.fleet.policies import Objectives
from fairlead.scaling.intervals import Interval

AIM: Final = 0.035
"""Share of requests that may miss: a little less than the one in twenty that objectives allow."""
REQUESTS: Final = 1000.0
"""Requests that weigh as one look."""
STARTS: Final = 2.0
"""Cold starts that are as long as one look."""
STEP: Final = 0.15
"""Change by one look (of its logarithm) at twice the misses that are aimed at."""
WORST: Final = 3.0
"""Times the misses aimed at: more of them tell of a burst, and teach no more than this."""
LEAST: Final = -0.15
MOST: Final = 0.7
"""Logarithms: from six sevenths to twice what was reckoned; beyond that the arithmetic is not strained but wrong."""
NEARLY: Final = 0.5
"""Of a replica: as many as are asked for, before rounding."""
AMPLE: Final = 1.25
"""Replicas over those reckoned with which a good time says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strain:
    """Nothing at first."""

    logarithm: float = 0.0
    at: float | None = None
    """When something was last learnt."""

    @property
    def factor(self) -> float:
        """Of what was reckoned."""
        return exp(self.logarithm)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """How many there were while it was felt."""

    ready: int
    asked: float
    """By the objectives, strain included."""
    horizon: float
    now: float


def learnt(before: Strain, came: Sequence[Interval], objectives: Objectives, stand: Stand) -> Strain:
    """With what users felt in these; nothing is learnt while too few serve, as then nobody doubts the arithmetic."""
    share, whole = _missed(came, objectives)
    requests = fsum(one.first for one in came)
    if share is None or requests <= 0:
        return before
    elapsed = stand.now - before.at if before.at is not None else 0.0
    weight = min(requests / REQUESTS, elapsed / (STARTS * stand.horizon))
    change = STEP * weight * min(share / AIM - 1, WORST)
    known = stand.ready + NEARLY >= stand.asked if change > 0 else whole and stand.ready <= AMPLE * stand.asked + 1
    if not known:
        return Strain(logarithm=before.logarithm, at=stand.now)
    return Strain(logarithm=min(max(before.logarithm + change, LEAST), MOST), at=stand.now)


def _missed(came: Sequence[Interval], objectives: Objectives) -> tuple[float | None, bool]:
    """Share of requests that missed what more of them missed, and whether all objectives were counted."""
    shares: list[float | None] = []
    if objectives.ttft_p95_seconds is not None:
        shares.append(_share([(one.first_late, one.first) for one in came]))
    if objectives.tpot_p95_seconds is not None:
        shares.append(_share([(one.pace_late, one.paced) for one in came]))
    known = [share for share in shares if share is not None]
    return max(known, default=None), len(known) == len(shares)


def _share(counted: list[tuple[float | None, float]]) -> float | None:
    late = [(missed, count) for missed, count in counted if missed is not None]
    count = fsum(count for _, count in late)
    return fsum(missed for missed, _ in late) / count if count > 0 else None

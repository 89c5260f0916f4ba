"""How long a replica takes from being wanted to being ready: a fixed time, measured times, or a curve through two.

Chance comes in; the same chance draws the same starts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Protocol

from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.traffic import Z95

_NORMAL: Final = NormalDist()
_LEAST_CHANCE: Final = 1e-12
"""`random` may answer exactly 0, whose normal quantile is infinite."""


class ColdStartDistribution(Protocol):
    """A distribution of seconds."""

    def draw(self, chance: RandomSource) -> float:
        """The next start."""


@dataclass(frozen=True, slots=True)
class FixedColdStarts:
    """Always the same; nothing for replicas that are there at once."""

    seconds: float = 0.0

    def draw(self, chance: RandomSource) -> float:  # noqa: ARG002  # nothing is left to chance
        """The seconds."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class MeasuredColdStarts:
    """Starts that were seen, each as likely as the next."""

    seconds: Sequence[float]

    def __post_init__(self) -> None:
        """One is the least that can be drawn from."""
        if not self.seconds:
            raise ValueError("seconds=(): no start was measured; give at least one, or use Fixed")

    def draw(self, chance: RandomSource) -> float:
        """One of them."""
        return self.seconds[min(int(chance.random() * len(self.seconds)), len(self.seconds) - 1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormalColdStarts:
    """The curve through a median and a 95th percentile: most starts alike, a few that load from afar."""

    p50: float
    p95: float

    def __post_init__(self) -> None:
        """A percentile above the median cannot lie below it."""
        if not 0 < self.p50 <= self.p95:
            raise ValueError(f"p50={self.p50:g}, p95={self.p95:g}: need 0 < p50 <= p95; swap them or measure again")

    def draw(self, chance: RandomSource) -> float:
        """One start."""
        spread = math.log(self.p95 / self.p50) / Z95
        return self.p50 * math.exp(spread * _NORMAL.inv_cdf(max(chance.random(), _LEAST_CHANCE)))

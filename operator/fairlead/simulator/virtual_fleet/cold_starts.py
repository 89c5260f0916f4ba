"""How long a replica takes from its creation to readiness: a fixed time, measured times, or a log-normal curve.

The random source is passed in; the same source draws the same starts.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, Protocol

from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.traffic import Z95

_NORMAL: Final = NormalDist()
_MIN_CHANCE: Final = 1e-12
"""`random` may return exactly 0, whose normal quantile is infinite."""


class ColdStartDistribution(Protocol):
    """A distribution of cold starts in seconds."""

    def draw(self, randomness: RandomSource) -> float:
        """Draw the next cold start."""

    @property
    def least(self) -> float:
        """The shortest possible draw."""


@dataclass(frozen=True, slots=True)
class FixedColdStarts:
    """A fixed time; 0 for replicas that are ready at once."""

    seconds: float = 0.0

    def draw(self, randomness: RandomSource) -> float:  # noqa: ARG002  # nothing is drawn
        """Return the fixed seconds."""
        return self.seconds

    @property
    def least(self) -> float:
        """The fixed seconds."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class MeasuredColdStarts:
    """Measured cold starts, all equally likely."""

    seconds: Sequence[float]

    def __post_init__(self) -> None:
        """Refuse an empty list."""
        if not self.seconds:
            raise ValueError("seconds=(): no start was measured; give at least one, or use Fixed")

    def draw(self, randomness: RandomSource) -> float:
        """Draw one of the measured times."""
        return self.seconds[min(int(randomness.random() * len(self.seconds)), len(self.seconds) - 1)]

    @property
    def least(self) -> float:
        """The shortest measured time."""
        return min(self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogNormalColdStarts:
    """A log-normal distribution by median and 95th percentile: most starts are similar, a few are slow."""

    p50: float
    p95: float

    def __post_init__(self) -> None:
        """Refuse a 95th percentile below the median."""
        if not 0 < self.p50 <= self.p95:
            raise ValueError(f"p50={self.p50:g}, p95={self.p95:g}: need 0 < p50 <= p95; swap them or measure again")

    def draw(self, randomness: RandomSource) -> float:
        """Draw one cold start."""
        return self._at(randomness.random())

    @property
    def least(self) -> float:
        """The draw at the smallest random number."""
        return self._at(0.0)

    def _at(self, chance: float) -> float:
        spread = math.log(self.p95 / self.p50) / Z95
        return self.p50 * math.exp(spread * _NORMAL.inv_cdf(max(chance, _MIN_CHANCE)))

"""Percentiles in bounded memory: counts in buckets half a percent wide, and exact minimum, maximum, sum and count.

A percentile is exact within half a bucket, 0.25 %; millions of requests take as much memory as one.
"""

import math
from array import array
from typing import Final

WIDTH: Final = 0.005
"""Relative width of a bucket."""
LEAST: Final = 1e-5
"""Seconds; shorter values count as this."""
MOST: Final = 1e6
_SCALE: Final = 1 / math.log1p(WIDTH)
_LOW: Final = math.log(LEAST)
_BUCKETS: Final = math.ceil((math.log(MOST) - _LOW) * _SCALE) + 1


class QuantileSketch:
    """A histogram with logarithmic buckets for percentiles."""

    __slots__ = ("count", "counts", "least", "most", "total")

    def __init__(self) -> None:
        self.counts = array("q", bytes(8 * _BUCKETS))
        """Counts by bucket, that of the smallest values first."""
        self.count = 0
        self.total = 0.0
        self.least = math.inf
        self.most = 0.0

    def add(self, value: float) -> None:
        """Add a value."""
        place = int((math.log(value) - _LOW) * _SCALE) if value > LEAST else 0
        self.counts[place if place < _BUCKETS else _BUCKETS - 1] += 1
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    def add_all(self, other: "QuantileSketch") -> None:
        """Add all values of another sketch."""
        for place, count in enumerate(other.counts):
            self.counts[place] += count
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)

    @property
    def mean(self) -> float:
        """The exact mean; not a number without values."""
        return self.total / self.count if self.count else math.nan

    def percentile(self, part: float) -> float:
        """The percentile by nearest rank: the middle of its bucket, clamped to minimum and maximum."""
        if not self.count:
            return math.nan
        rank, seen = max(math.ceil(part * self.count), 1), 0
        for place, count in enumerate(self.counts):
            seen += count
            if seen >= rank:
                return min(max(math.exp(_LOW + (place + 0.5) / _SCALE), self.least), self.most)
        return self.most

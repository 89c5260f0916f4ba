"""How values are spread, in bounded memory: counts in buckets half a percent wide, and exact ends, sum and count.

A percentile is right within half a bucket, 0.25 %; millions of requests take as much room as one.
"""

import math
from array import array
from typing import Final

WIDTH: Final = 0.005
"""Each bucket is so much wider than the one before."""
LEAST: Final = 1e-5
"""Seconds; what is shorter counts as this."""
MOST: Final = 1e6
_SCALE: Final = 1 / math.log1p(WIDTH)
_LOW: Final = math.log(LEAST)
_BUCKETS: Final = math.ceil((math.log(MOST) - _LOW) * _SCALE) + 1


class QuantileSketch:
    """Values go in, percentiles come out."""

    __slots__ = ("count", "counts", "least", "most", "total")

    def __init__(self) -> None:
        self.counts = array("q", bytes(8 * _BUCKETS))
        """By bucket, the shortest first."""
        self.count = 0
        self.total = 0.0
        self.least = math.inf
        self.most = 0.0

    def add(self, value: float) -> None:
        """One more."""
        place = int((math.log(value) - _LOW) * _SCALE) if value > LEAST else 0
        self.counts[place if place < _BUCKETS else _BUCKETS - 1] += 1
        self.count += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    def add_all(self, other: "QuantileSketch") -> None:
        """What another one holds."""
        for place, count in enumerate(other.counts):
            self.counts[place] += count
        self.count += other.count
        self.total += other.total
        self.least = min(self.least, other.least)
        self.most = max(self.most, other.most)

    @property
    def mean(self) -> float:
        """Exact; not a number where nothing was seen."""
        return self.total / self.count if self.count else math.nan

    def percentile(self, part: float) -> float:
        """By nearest rank; the middle of its bucket, never beyond the least and the most that were seen."""
        if not self.count:
            return math.nan
        rank, seen = max(math.ceil(part * self.count), 1), 0
        for place, count in enumerate(self.counts):
            seen += count
            if seen >= rank:
                return min(max(math.exp(_LOW + (place + 0.5) / _SCALE), self.least), self.most)
        return self.most

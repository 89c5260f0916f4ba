"""Percentiles in bounded memory: counts in buckets half a percent wide, and exact minimum, maximum, sum and count.

A percentile is exact within half a bucket, 0.25 %; millions of requests take as much memory as one. Values go into
buckets a few hundred at a time, which takes half as long as one by one (bench.backtest_speed).
"""

import math
from array import array
from collections import Counter
from typing import Final

WIDTH: Final = 0.005
"""Relative width of a bucket."""
LEAST: Final = 1e-5
"""Seconds; shorter values count as this."""
MOST: Final = 1e6
TOGETHER: Final = 512
"""The most values that wait to be sorted into buckets."""
_SCALE: Final = 1 / math.log1p(WIDTH)
_LOW: Final = math.log(LEAST)
_BUCKETS: Final = math.ceil((math.log(MOST) - _LOW) * _SCALE) + 1


class QuantileSketch:
    """A histogram with logarithmic buckets for percentiles."""

    __slots__ = ("_counts", "_least", "_most", "_new", "_number", "_total")

    def __init__(self) -> None:
        self._counts = array("q", bytes(8 * _BUCKETS))
        self._number = 0
        self._total = 0.0
        self._least = math.inf
        self._most = 0.0
        self._new: list[float] = []

    def add(self, value: float) -> None:
        """Add a value."""
        self._new.append(value)
        if len(self._new) == TOGETHER:
            self._sort_in()

    def _sort_in(self) -> None:
        new = self._new
        if not new:
            return
        log, counts, last = math.log, self._counts, _BUCKETS - 1
        places = Counter([int((log(value) - _LOW) * _SCALE) if value > LEAST else 0 for value in new])
        for place, count in places.items():
            counts[min(place, last)] += count
        total = self._total
        for value in new:
            total += value
        self._number, self._total = self._number + len(new), total
        self._least, self._most = min(self._least, *new), max(self._most, *new)
        new.clear()

    def add_all(self, other: "QuantileSketch") -> None:
        """Add all values of another sketch."""
        self._sort_in()
        for place, count in enumerate(other.counts):
            self._counts[place] += count
        self._number += other.count
        self._total += other.total
        self._least = min(self._least, other.least)
        self._most = max(self._most, other.most)

    @property
    def counts(self) -> "array[int]":
        """Counts by bucket, smallest values first."""
        self._sort_in()
        return self._counts

    @property
    def count(self) -> int:
        """Number of values."""
        return self._number + len(self._new)

    @property
    def total(self) -> float:
        """Sum of the values."""
        self._sort_in()
        return self._total

    @property
    def least(self) -> float:
        """The smallest value; infinite without values."""
        self._sort_in()
        return self._least

    @property
    def most(self) -> float:
        """The largest value; 0 without values."""
        self._sort_in()
        return self._most

    @property
    def mean(self) -> float:
        """The exact mean; NaN without values."""
        return self.total / self.count if self.count else math.nan

    def percentile(self, part: float) -> float:
        """Return the percentile by nearest rank: the middle of its bucket, clamped to minimum and maximum."""
        if not self.count:
            return math.nan
        rank, seen = max(math.ceil(part * self.count), 1), 0
        for place, count in enumerate(self.counts):
            seen += count
            if seen >= rank:
                return min(max(math.exp(_LOW + (place + 0.5) / _SCALE), self.least), self.most)
        return self.most

"""A histogram as plain numbers: a list of bucket counts, added up only at a scrape."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate


class MetricHistogram:
    """Counts of values between bounds; each bound belongs to the bucket below it, as in Prometheus."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def observe_often(self, value: float, times: int) -> None:
        """Count several equal values."""
        self.counts[bisect_left(self.bounds, value)] += times
        self.total += value * times

    @property
    def up_to(self) -> tuple[int, ...]:
        """Cumulative counts by bound; the last is the count of all values."""
        return tuple(accumulate(self.counts))


def together(several: Sequence[MetricHistogram]) -> MetricHistogram:
    """Merge histograms with the same bounds."""
    whole = MetricHistogram(several[0].bounds)
    whole.counts = [sum(counts) for counts in zip(*(one.counts for one in several), strict=True)]
    whole.total = sum(one.total for one in several)
    return whole

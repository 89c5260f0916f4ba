"""A histogram as plain numbers: one list that is counted up while requests run and added up only at a scrape."""

from bisect import bisect_left
from itertools import accumulate


class RequestHistogram:
    """How often values fell between bounds; each bound belongs to the bucket below it, as Prometheus has it."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    @property
    def up_to(self) -> tuple[int, ...]:
        """How many were at most each bound; the last is how many there were at all."""
        return tuple(accumulate(self.counts))

"""A histogram, and the bucket bounds that vLLM 0.32 uses for each kind of sample."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from typing import Final

FIRST_TOKEN: Final = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0),
    *(80.0, 160.0, 640.0, 2560.0),
)
TOKEN: Final = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
)
REQUEST: Final = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0),
    *(960.0, 1920.0, 7680.0),
)
ITERATION: Final = (1.0, *(float(2**power) for power in range(3, 15)))
CHOICES: Final = (1.0, 2.0, 5.0, 10.0, 20.0)
PREEMPTIONS: Final = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0)


def token_counts(longest: int) -> tuple[float, ...]:
    """Bounds 1, 2, 5, 10 and so on, up to the longest context."""
    bounds: list[float] = []
    power = 1
    while power <= longest:
        bounds += [float(step * power) for step in (1, 2, 5) if step * power <= longest]
        power *= 10
    return tuple(bounds)


@dataclass(slots=True)
class EngineHistogram:
    """Counts by bucket, and the sum of all samples."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        """One bucket more than bounds: it counts what is above them all."""
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, sample: float, times: int = 1) -> None:
        """Add a sample, or several equal ones."""
        self.counts[bisect_left(self.bounds, sample)] += times
        self.total += sample * times

    @property
    def buckets(self) -> Iterator[tuple[float, int]]:
        """Bounds in order with cumulative counts."""
        return zip((*self.bounds, inf), accumulate(self.counts), strict=True)

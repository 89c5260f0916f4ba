"""A long day by samples: short stretches with a warm-up each, spread evenly, and how far the estimate may be off.

Stretches take turns in groups, each of which sees the whole day; the groups' estimates are independent repeats of one
another, and their spread is the error. What happens between stretches is not lived through, so what builds up over
hours (a queue that never empties) is not seen: compare with a stretch lived in full.
"""

import math
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.virtual_fleet.report import SimulationReport, report
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics

SIGMAS: Final = 1.96
"""Standard errors on both sides between which 95 of 100 estimates lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySample:
    """One sample: traffic from `warm` on, told from `since` until `until`, and traffic until `cool`."""

    warm: float
    since: float
    until: float
    cool: float
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingPlan:
    """How a day is cut."""

    stratum_s: float = 600.0
    """One stretch in each: the day's slow changes are seen in proportion."""
    told_s: float = 30.0
    warm_up_s: float = 45.0
    cool_down_s: float = 10.0
    """Traffic behind the told part, so that its replies end among others as they began."""
    groups: int = 8

    def stretches(self, since: float, until: float, chance: RandomSource) -> Iterator[DaySample]:
        """Anywhere in its stratum, by even chance."""
        for number in range(int((until - since) / self.stratum_s)):
            start = since + number * self.stratum_s + chance.random() * (self.stratum_s - self.told_s)
            end = start + self.told_s
            yield DaySample(
                warm=max(start - self.warm_up_s, since),
                since=start,
                until=end,
                cool=min(end + self.cool_down_s, until),
                group=number % self.groups,
            )


@dataclass(frozen=True, slots=True)
class SampledEstimate:
    """A figure and the standard error of it."""

    value: float
    error: float

    @property
    def margin(self) -> float:
        """Either side of the value, where 95 of 100 lie."""
        return SIGMAS * self.error


FIGURES: Final[Mapping[str, Callable[[SimulationReport], float]]] = {
    "TTFT mean s": lambda one: one.ttft.mean,
    "TTFT p50 s": lambda one: one.ttft.p50,
    "TTFT p95 s": lambda one: one.ttft.p95,
    "TPOT mean s": lambda one: one.tpot.mean,
    "TPOT p95 s": lambda one: one.tpot.p95,
    "E2E mean s": lambda one: one.e2e.mean,
    "E2E p95 s": lambda one: one.e2e.p95,
    "objectives kept": lambda one: one.kept,
    "requests/s": lambda one: one.requests_per_second,
}


def estimates(groups: Sequence[RunStatistics], told_s: Sequence[float]) -> dict[str, SampledEstimate]:
    """All groups together, and the spread between them; each group with the seconds it tells of."""
    whole = RunStatistics()
    for tale in groups:
        whole.add_all(tale)
    parts = [report(tale, seconds, 0.0) for tale, seconds in zip(groups, told_s, strict=True)]
    together = report(whole, sum(told_s), 0.0)
    found = {}
    for name, figure in FIGURES.items():
        found[name] = SampledEstimate(figure(together), _standard_error([figure(part) for part in parts]))
    return found


def _standard_error(values: Sequence[float]) -> float:
    """Not a number where a group has none: a doubt that cannot be told is not small."""
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return math.nan
    return statistics.stdev(values) / math.sqrt(len(values))

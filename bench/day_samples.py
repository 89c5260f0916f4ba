"""A long day estimated from samples: short stretches with a warm-up each, spread evenly, and the standard error.

Stretches are assigned to groups in turn, so that each group covers the whole day; the groups' estimates are independent
repeats, and their spread is the error. The time between stretches is not simulated, so effects that build up over hours
(a queue that never empties) are missing: compare with a longer stretch that is simulated in full.
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
"""Standard errors on both sides within which 95 of 100 estimates lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySample:
    """One sample: traffic from `warm` on, measured from `since` until `until`, and traffic until `cool`."""

    warm: float
    since: float
    until: float
    cool: float
    group: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingPlan:
    """How a day is sampled."""

    stratum_s: float = 600.0
    """One stretch in each stratum, so that slow changes over the day are sampled in proportion."""
    measured_s: float = 30.0
    warm_up_s: float = 45.0
    cool_down_s: float = 10.0
    """Traffic after the measured part, so that its replies end under the same load as they began."""
    groups: int = 8

    def stretches(self, since: float, until: float, randomness: RandomSource) -> Iterator[DaySample]:
        """Yield the samples, each at a uniformly random position in its stratum."""
        for number in range(int((until - since) / self.stratum_s)):
            start = since + number * self.stratum_s + randomness.random() * (self.stratum_s - self.measured_s)
            end = start + self.measured_s
            yield DaySample(
                warm=max(start - self.warm_up_s, since),
                since=start,
                until=end,
                cool=min(end + self.cool_down_s, until),
                group=number % self.groups,
            )


@dataclass(frozen=True, slots=True)
class SampledEstimate:
    """A figure with its standard error."""

    value: float
    error: float

    @property
    def margin(self) -> float:
        """Half width of the 95 % confidence interval."""
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


def estimates(groups: Sequence[RunStatistics], measured_s: Sequence[float]) -> dict[str, SampledEstimate]:
    """Return estimates from all groups, with the spread between them; `measured_s` is each group's measured time."""
    whole = RunStatistics()
    for group in groups:
        whole.add_all(group)
    parts = [report(group, seconds, 0.0) for group, seconds in zip(groups, measured_s, strict=True)]
    together = report(whole, sum(measured_s), 0.0)
    found = {}
    for name, figure in FIGURES.items():
        found[name] = SampledEstimate(figure(together), _standard_error([figure(part) for part in parts]))
    return found


def _standard_error(values: Sequence[float]) -> float:
    """Return the standard error; NaN if a group lacks a figure, since an unknown error is not a small one."""
    if len(values) < 2 or not all(map(math.isfinite, values)):
        return math.nan
    return statistics.stdev(values) / math.sqrt(len(values))

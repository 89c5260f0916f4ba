"""One row played several times, with other seeds or on other parts of the traffic: figures with intervals.

Intervals hold the mean of 95 in 100 such repeats, by Student's t, since repeats are few.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

from fairlead.backtest.lower_bound import ANSWERED_SECONDS, LeastSeconds
from fairlead.backtest.play import KEPT_GOAL, PlayedCandidate

STUDENT_95: Final = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""The 97.5th percentile of Student's t by degrees of freedom, from 1 on (any table of it)."""
NORMAL_95: Final = 1.960
"""The same of the normal distribution; Student's approaches it by its series in the inverse of the degrees."""


class Spread(NamedTuple):
    """A mean over repeats, and half the width of its interval; None for a single repeat."""

    mean: float
    margin: float | None


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of one value or more."""
    mean = statistics.fmean(values)
    if len(values) < 2 or not math.isfinite(mean):
        return Spread(mean, None)
    return Spread(mean, _student(len(values)) * statistics.stdev(values) / math.sqrt(len(values)))


def ratio(parts: Sequence[tuple[float, float]]) -> Spread | None:
    """Return all numerators over all denominators, so that a large part counts as much as it is; None without any.

    The margin is that of the ratio estimator, from what each part has more or less than its share.
    """
    total = math.fsum(below for _, below in parts)
    if not total:
        return None
    found = math.fsum(above for above, _ in parts) / total
    if len(parts) < 2:
        return Spread(found, None)
    number = len(parts)
    residuals = math.fsum((above - found * below) ** 2 for above, below in parts)
    return Spread(found, _student(number) * math.sqrt(residuals / (number - 1) * number) / total)


def _student(number: int) -> float:
    """Return the percentile for a mean of this many values."""
    freedom = number - 1
    if freedom <= len(STUDENT_95):
        return STUDENT_95[freedom - 1]
    cube, fifth = NORMAL_95**3, NORMAL_95**5
    first, second = (cube + NORMAL_95) / 4, (5 * fifth + 16 * cube + 3 * NORMAL_95) / 96
    return NORMAL_95 + first / freedom + second / freedom**2


FIGURES: Final[Mapping[str, Callable[[PlayedCandidate], float | None]]] = MappingProxyType(
    {
        "kept": lambda one: one.report.kept,
        "worstTenMinutes": lambda one: None if one.worst is None else one.worst.kept,
        "ttftP50Seconds": lambda one: one.report.ttft.p50,
        "ttftP95Seconds": lambda one: one.report.ttft.p95,
        "tpotP50Seconds": lambda one: one.report.tpot.p50,
        "tpotP95Seconds": lambda one: one.report.tpot.p95,
        "replicas": lambda one: one.mean_replicas,
        "gpuHours": lambda one: one.report.gpu_hours,
        "costUsd": lambda one: one.cost,
        "costUsdPerThousandTokens": lambda one: one.cost_of_thousand_tokens,
        "costUsdPerKeptRequest": lambda one: one.cost_of_kept_request,
        "lost": lambda one: float(one.report.refused + one.report.left),
    }
)
RATIOS: Final[Mapping[str, Callable[[PlayedCandidate], tuple[float | None, float]]]] = MappingProxyType(
    {
        "kept": lambda one: (one.report.kept * one.report.arrived, one.report.arrived),
        "costUsdPerThousandTokens": lambda one: (one.cost_of_answers, one.answered_tokens / 1000),
        "costUsdPerKeptRequest": lambda one: (one.cost_of_answers, one.kept_requests),
    }
)
"""Figures that are one sum over another: of samples, the sums over all of them, as a quiet night is less than a day."""
OF_REQUESTS: Final = frozenset(
    {"worstTenMinutes", "ttftP50Seconds", "ttftP95Seconds", "tpotP50Seconds", "tpotP95Seconds"}
)
"""Figures that a sample without requests does not have."""
WORST: Final = "worstTenMinutes"
EXACT: Final = 1 - 1e-9
"""Margin for rounding in sums: two replicas at a price of 1.861 are within a budget of 3.722."""
EXTENSIVE: Final = frozenset({"gpuHours", "costUsd", "lost"})
"""Figures that grow with the length of the traffic: a sample's are scaled up to the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """One row with the result of each run."""

    name: str
    runs: tuple[PlayedCandidate, ...]
    """At least one."""
    compared: bool = False
    least: LeastSeconds | None = None
    """GPU seconds that no policy undercuts that keeps the objectives on the whole traffic; None: not computed."""
    times: float = 1.0
    """Length of the whole traffic as a multiple of what one run played; 1: each run played all of it."""
    budget: float | None = None
    """Most USD an hour on average; None: any."""

    def figure(self, name: str) -> Spread | None:
        """Return a figure of `FIGURES`; None if a run has none."""
        if name in RATIOS and len(self.runs) > 1:
            return self._ratio(name)
        with_requests = [one for one in self.runs if one.report.arrived] if name in OF_REQUESTS else []
        values = [FIGURES[name](one) for one in with_requests or self.runs]
        numbers = [one for one in values if one is not None]
        if name == WORST:
            return self._worst(numbers)
        if len(numbers) < len(values):
            return None
        found = spread(numbers)
        if name not in EXTENSIVE:
            return found
        return Spread(found.mean * self.times, None if found.margin is None else found.margin * self.times)

    def _worst(self, shares: Sequence[float]) -> Spread | None:
        """Return the worst ten minutes of all samples that have ten with enough requests; of seeds, their mean."""
        if not shares:
            return None
        return spread(shares) if self.times == 1 else Spread(min(shares), None)

    def _ratio(self, name: str) -> Spread | None:
        parts = [RATIOS[name](one) for one in self.runs]
        complete = [(above, below) for above, below in parts if above is not None]
        return ratio(complete) if len(complete) == len(parts) else None

    @property
    def kept(self) -> Spread:
        """The share of requests that was kept."""
        return self.figure("kept") or Spread(0.0, None)

    @property
    def gpu_hours(self) -> Spread:
        """For the whole traffic."""
        spread = self.figure("gpuHours")
        assert spread is not None
        return spread

    @property
    def keeps(self) -> bool:
        """Whether enough of all requests were kept."""
        return self.kept.mean >= KEPT_GOAL

    @property
    def usd_an_hour(self) -> float | None:
        """On average; None if no price is known, or the traffic takes no time."""
        cost, seconds = self.figure("costUsd"), statistics.fmean(one.report.seconds for one in self.runs) * self.times
        return None if cost is None or not seconds else 3600 * cost.mean / seconds

    @property
    def affordable(self) -> bool:
        """Whether it stays within the budget; never without a price."""
        if self.budget is None:
            return True
        cost = self.usd_an_hour
        return cost is not None and cost * EXACT <= self.budget

    @property
    def passes(self) -> bool:
        """Whether it keeps its objectives within the budget."""
        return self.keeps and self.affordable

    @property
    def answers_all(self) -> bool:
        """Whether each request was seen to be answered, in time for the higher bound; samples do not show all."""
        slowest = max(one.report.e2e.most for one in self.runs)
        lost = any(one.cut or one.report.refused + one.report.left for one in self.runs)
        return self.times == 1 and not lost and slowest <= ANSWERED_SECONDS

    @property
    def least_gpu_hours(self) -> float | None:
        """The bound on what this one does: answer all requests, or leave out some that miss their objectives."""
        if self.least is None:
            return None
        return (self.least.answering if self.answers_all else self.least.anyhow) / 3600

    @property
    def regret(self) -> float | None:
        """Cost over the least possible; None if the objectives are missed, as that may cost less than possible."""
        least = self.least_gpu_hours
        return self.gpu_hours.mean / least - 1 if self.keeps and least else None

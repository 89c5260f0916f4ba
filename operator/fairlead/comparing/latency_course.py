"""Sequential comparison of durations, with analyses at planned sizes.

The result is the same however often it is computed, also after a restart.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import median

from fairlead.comparing import rank_statistics, stopping_boundaries
from fairlead.comparing.rank_statistics import Stratum
from fairlead.fleet.request_samples import Latency, RequestSample


class CourseOutcome(StrEnum):
    """The outcome of the analyses so far."""

    SLOWER = "slower"
    WITHIN = "within"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePlan:
    """How one kind of duration is analysed."""

    limit: float
    """The ratio that the candidate must stay below."""
    requests: int
    """Per side, at the last analysis; those of one conversation count as one."""
    alpha: float
    """The probability that an equal candidate is called slower."""
    beta: float
    """The probability that a candidate at the limit is called within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseResult:
    """The outcome, and the data behind it."""

    outcome: CourseOutcome
    information: float
    """Conversations per side that the data are worth."""
    strata: tuple[Stratum, ...]
    """At the deciding analysis; if none decided, at the last one."""

    @property
    def seen(self) -> bool:
        """Whether both sides have any duration."""
        return any(one.baseline for one in self.strata) and any(one.candidate for one in self.strata)


@dataclass(slots=True)
class _Collected:
    """Durations by stratum, side and conversation."""

    sides: dict[tuple[int, int], tuple[dict[str, list[float]], dict[str, list[float]]]] = field(default_factory=dict)
    compared: list[int] = field(default_factory=lambda: [0, 0])
    """Durations of each side, in strata that both have."""

    @property
    def information(self) -> float:
        """The harmonic mean of both sides' numbers."""
        baseline, candidate = self.compared
        return 2 * baseline * candidate / (baseline + candidate) if baseline and candidate else 0.0

    def add(self, sample: RequestSample, duration: float) -> None:
        sides = self.sides.setdefault(sample.stratum, ({}, {}))
        before = _compared(sides)
        sides[sample.candidate].setdefault(sample.conversation, []).append(duration)
        for place, (was, now) in enumerate(zip(before, _compared(sides), strict=True)):
            self.compared[place] += now - was

    def strata(self) -> tuple[Stratum, ...]:
        """One duration per conversation: its requests are not independent."""
        return rank_statistics.strata(
            {
                stratum: ([*map(median, baseline.values())], [*map(median, candidate.values())])
                for stratum, (baseline, candidate) in self.sides.items()
            }
        )


def followed(samples: Sequence[RequestSample], latency: Latency, plan: CoursePlan) -> CourseResult:
    """Return the first analysis that decides; samples are in the order of time."""
    slower = stopping_boundaries.boundaries(plan.alpha)
    within = stopping_boundaries.boundaries(plan.beta)
    collected, analysed = _Collected(), tuple[Stratum, ...]()
    for place, strata in enumerate(_analyses(samples, latency, plan.requests, collected)):
        analysed = strata
        if rank_statistics.statistic(strata) > slower[place]:
            return CourseResult(outcome=CourseOutcome.SLOWER, information=collected.information, strata=strata)
        if rank_statistics.statistic(strata, plan.limit) < -within[place]:
            return CourseResult(outcome=CourseOutcome.WITHIN, information=collected.information, strata=strata)
    return CourseResult(
        outcome=CourseOutcome.OPEN, information=collected.information, strata=analysed or collected.strata()
    )


def _analyses(
    samples: Sequence[RequestSample], latency: Latency, requests: int, collected: _Collected
) -> Iterator[tuple[Stratum, ...]]:
    number = 1
    for sample in samples:
        duration = sample.duration(latency)
        if duration is not None and duration > 0:
            collected.add(sample, duration)
            if (
                number <= stopping_boundaries.ANALYSES
                and collected.information >= requests * number / stopping_boundaries.ANALYSES
            ):
                number += 1
                yield collected.strata()


def _compared(sides: tuple[dict[str, list[float]], dict[str, list[float]]]) -> tuple[int, int]:
    baseline, candidate = map(len, sides)
    return (baseline, candidate) if baseline and candidate else (0, 0)

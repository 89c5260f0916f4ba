"""Two measured numbers in the place of assumed ones: which shares of bandwidth and arithmetic a replica reaches.

What stretches of an engine's work are and how long they took comes in; nothing else is adjusted by it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.simulator.engine.batch import StepBatch, StepTimes
from fairlead.simulator.timing import roofline, step_work
from fairlead.simulator.timing.provenance import Provenance
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing.sizing_input import SizingInput

LOWEST, HIGHEST = 0.02, 2.0
"""Shares between which the answer is looked for; data sheets state less than some cards reach."""
HALVINGS: Final = 40


@dataclass(frozen=True, slots=True)
class RateShares:
    """Of the data sheet's rates."""

    bandwidth: float
    arithmetic: float


@dataclass(frozen=True, slots=True)
class WorkStretch:
    """A while in which the engine was busy throughout, and the steps that filled it: how many of each kind."""

    seconds: float
    steps: tuple[tuple[float, StepBatch], ...]

    @property
    def reads_prompts(self) -> bool:
        """Whether any of its steps did."""
        return any(batch.prefills for _, batch in self.steps)

    def with_next(self, following: "WorkStretch") -> "WorkStretch":
        """Both as one."""
        return WorkStretch(self.seconds + following.seconds, self.steps + following.steps)

    def predicted(self, times: StepTimes) -> float:
        """How long these step times say it was."""
        return sum(count * times.seconds(batch) for count, batch in self.steps)


@dataclass(frozen=True, slots=True)
class TooFewStretches:
    """The stretches do not tell both shares."""

    decoding: int
    reading: int

    def __str__(self) -> str:
        return (
            f"{count(self.decoding, 'interval')} without prompts and {self.reading} with them, both are needed: "
            "watch for longer, under load that comes and goes, or take a run that starts under load"
        )


StepTimesOfShares = Callable[[RateShares], StepTimes]


def fitted_shares(stretches: Sequence[WorkStretch], times: StepTimesOfShares) -> RateShares | TooFewStretches:
    """Those with which all stretches together last as long as they did: first decoding, then what prompts add."""
    reading = [one for one in stretches if one.reads_prompts]
    decoding = [one for one in stretches if not one.reads_prompts]
    if not decoding or not reading:
        return TooFewStretches(len(decoding), len(reading))
    bandwidth = _solve(lambda share: _excess(decoding, times(RateShares(share, 1.0))))
    return RateShares(bandwidth, _solve(lambda share: _excess(reading, times(RateShares(bandwidth, share)))))


def step_times_with_shares(question: SizingInput, shares: RateShares, origin: Provenance) -> PhysicalStepTimes:
    """The roofline with these shares in the place of the assumed ones; what a step costs besides stays."""
    reached = replace(
        roofline.ASSUMED,
        weights=shares.bandwidth,
        experts=shares.bandwidth,
        cache=shares.bandwidth,
        compute=shares.arithmetic,
        attention=shares.arithmetic,
    )
    return PhysicalStepTimes(step_work.of(question), reached, origin)


def _excess(stretches: Sequence[WorkStretch], times: StepTimes) -> float:
    return sum(one.predicted(times) - one.seconds for one in stretches)


def _solve(excess: Callable[[float], float]) -> float:
    """The share at which nothing is left over; more share, less time."""
    low, high = LOWEST, HIGHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2

"""Two measured numbers in the place of assumed ones: which shares of bandwidth and arithmetic a replica reaches.

What stretches of an engine's work are and how long they took comes in; nothing else is adjusted by it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.counts import count
from fairlead.sim.engine.batch import Batch, StepTimes
from fairlead.sim.timing import roofline, work
from fairlead.sim.timing.provenance import Provenance
from fairlead.sim.timing.step_times import PhysicalStepTimes
from fairlead.sizing.question import Question

LOWEST, HIGHEST = 0.02, 2.0
"""Shares between which the answer is looked for; data sheets state less than some cards reach."""
HALVINGS: Final = 40


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the data sheet's rates."""

    bandwidth: float
    arithmetic: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """A while in which the engine was busy throughout, and the steps that filled it: how many of each kind."""

    seconds: float
    steps: tuple[tuple[float, Batch], ...]

    @property
    def reads_prompts(self) -> bool:
        """Whether any of its steps did."""
        return any(batch.prefills for _, batch in self.steps)

    def with_next(self, following: "Stretch") -> "Stretch":
        """Both as one."""
        return Stretch(self.seconds + following.seconds, self.steps + following.steps)

    def predicted(self, times: StepTimes) -> float:
        """How long these step times say it was."""
        return sum(count * times.seconds(batch) for count, batch in self.steps)


@dataclass(frozen=True, slots=True)
class TooLittle:
    """The stretches do not tell both shares."""

    decoding: int
    reading: int

    def __str__(self) -> str:
        return (
            f"{count(self.decoding, 'interval')} without prompts and {self.reading} with them, both are needed: "
            "watch for longer, under load that comes and goes, or take a run that starts under load"
        )


Times = Callable[[Shares], StepTimes]


def found(stretches: Sequence[Stretch], times: Times) -> Shares | TooLittle:
    """Those with which all stretches together last as long as they did: first decoding, then what prompts add."""
    reading = [one for one in stretches if one.reads_prompts]
    decoding = [one for one in stretches if not one.reads_prompts]
    if not decoding or not reading:
        return TooLittle(len(decoding), len(reading))
    bandwidth = _solve(lambda share: _excess(decoding, times(Shares(share, 1.0))))
    return Shares(bandwidth, _solve(lambda share: _excess(reading, times(Shares(bandwidth, share)))))


def reaching(question: Question, shares: Shares, origin: Provenance) -> PhysicalStepTimes:
    """The roofline with these shares in the place of the assumed ones; what a step costs besides stays."""
    reached = replace(
        roofline.ASSUMED,
        weights=shares.bandwidth,
        experts=shares.bandwidth,
        cache=shares.bandwidth,
        compute=shares.arithmetic,
        attention=shares.arithmetic,
    )
    return PhysicalStepTimes(work.of(question), reached, origin)


def _excess(stretches: Sequence[Stretch], times: StepTimes) -> float:
    return sum(one.predicted(times) - one.seconds for one in stretches)


def _solve(excess: Callable[[float], float]) -> float:
    """The share at which nothing is left over; more share, less time."""
    low, high = LOWEST, HIGHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2

"""The measured shares of bandwidth and arithmetic that a replica reaches, in place of assumed ones.

The input is stretches of an engine's work with their lengths; only these two shares are fitted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.fleet.plurals import count
from fairlead.simulator.engine.batch import StepBatch, StepTimes
from fairlead.simulator.timing import drafted_step, roofline, step_work
from fairlead.simulator.timing.provenance import Provenance
from fairlead.simulator.timing.step_times import PhysicalStepTimes
from fairlead.sizing.sizing_input import SizingInput

LOWEST, HIGHEST = 0.02, 2.0
"""Range of the search; it ends above 1, since some GPUs exceed their data sheets."""
HALVINGS: Final = 40


@dataclass(frozen=True, slots=True)
class RateShares:
    """Shares of the data sheet's rates."""

    bandwidth: float
    arithmetic: float


@dataclass(frozen=True, slots=True)
class WorkStretch:
    """A period in which the engine was always busy, with its steps: the number of each batch."""

    seconds: float
    steps: tuple[tuple[float, StepBatch], ...]

    @property
    def reads_prompts(self) -> bool:
        """Whether any of its steps has a prefill."""
        return any(batch.prefills for _, batch in self.steps)

    def with_next(self, following: "WorkStretch") -> "WorkStretch":
        """This stretch and the following one, joined."""
        return WorkStretch(self.seconds + following.seconds, self.steps + following.steps)

    def predicted(self, times: StepTimes) -> float:
        """Its length predicted by these step times."""
        return sum(count * times.seconds(batch) for count, batch in self.steps)


@dataclass(frozen=True, slots=True)
class TooFewStretches:
    """The stretches do not suffice to fit both shares."""

    decoding: int
    reading: int

    def __str__(self) -> str:
        return (
            f"{count(self.decoding, 'interval')} without prompts and {self.reading} with them, both are needed: "
            "watch for longer under varying load, or use a run that starts under load"
        )


StepTimesOfShares = Callable[[RateShares], StepTimes]


def fitted_shares(stretches: Sequence[WorkStretch], times: StepTimesOfShares) -> RateShares | TooFewStretches:
    """Fit the shares to the stretches' total length: bandwidth to those without prompts, then arithmetic."""
    reading = [one for one in stretches if one.reads_prompts]
    decoding = [one for one in stretches if not one.reads_prompts]
    if not decoding or not reading:
        return TooFewStretches(len(decoding), len(reading))
    bandwidth = _solve(lambda share: _excess(decoding, times(RateShares(share, 1.0))))
    return RateShares(bandwidth, _solve(lambda share: _excess(reading, times(RateShares(bandwidth, share)))))


def step_times_with_shares(sizing: SizingInput, shares: RateShares, provenance: Provenance) -> PhysicalStepTimes:
    """The roofline with these shares instead of the assumed ones; a step's other costs stay assumed."""
    efficiency = replace(
        roofline.ASSUMED,
        weights=shares.bandwidth,
        experts=shares.bandwidth,
        cache=shares.bandwidth,
        compute=shares.arithmetic,
        attention=shares.arithmetic,
    )
    return PhysicalStepTimes(step_work.of(sizing), efficiency, provenance, drafting=drafted_step.of(sizing))


def _excess(stretches: Sequence[WorkStretch], times: StepTimes) -> float:
    return sum(one.predicted(times) - one.seconds for one in stretches)


def _solve(excess: Callable[[float], float]) -> float:
    """Find the share at which predicted and measured time are equal, by bisection."""
    low, high = LOWEST, HIGHEST
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2

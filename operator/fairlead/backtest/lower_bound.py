"""A lower bound on the cost of keeping the objectives on this traffic, for any policy and any routing.

It knows the whole trace, and is spared what a policy struggles with: requests go to any replica and are divided among
steps at will, a cache holds everything computed before, one request in twenty may be left out (the dearest), and what
need not be done within a block of time costs nothing. It is not spared three things: tokens cost engine seconds at the
engine's best batches, replicas are whole, and each added one is paid for while it starts. Blocks of several lengths are
tried; each gives a bound, and the highest holds.

A second, higher bound holds for those who also answer every request, within ten minutes where the objectives are
missed: then what is missed is late, and not left out. Who has no objective for the first token may leave all until the
end, and has the least number of replicas as a bound.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Final

from fairlead.backtest import demand, step_prices
from fairlead.backtest.block_demand import PricedTrace
from fairlead.backtest.demand import Deadlines
from fairlead.backtest.replica_course import CourseLimits, ReplicaCourse
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic.arrivals import RequestArrival

BLOCK_SECONDS: Final = (30.0, 120.0, 600.0, 2400.0)
LONG_BLOCK_SECONDS: Final = (600.0, 2400.0, 9600.0, inf)
"""Where all requests are answered: the longer a block, the fewer of its requests can still be late at its end."""
ANSWERED_SECONDS: Final = 600.0
"""As long as answers are waited for after the traffic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundQuestion:
    """Which replicas serve which traffic, and what counts as kept."""

    settings: EngineSettings
    times: StepTimes
    ranks: int
    objectives: LatencyObjectives
    goal: float
    """Share of the requests that must be kept."""
    least: int
    """Fewest replicas at any time."""
    cold_s: float
    """The shortest cold start."""
    arrivals: Callable[[], Iterable[RequestArrival]]
    """Arrivals before 0 seconds have filled caches, and count for nothing else."""
    seconds: float
    """The paid time, from 0 on."""
    answered_s: float = ANSWERED_SECONDS
    """Time within which all requests are answered, for the higher bound."""


@dataclass(frozen=True, slots=True)
class LeastSeconds:
    """What no run that keeps the objectives undercuts."""

    anyhow: float
    """If requests that miss them may be left out."""
    answering: float
    """If each of these is answered within `answered_s`, or within its objectives where they allow longer."""

    def times(self, factor: float) -> "LeastSeconds":
        """Return multiples: of GPUs, or in another unit."""
        return LeastSeconds(factor * self.anyhow, factor * self.answering)


def least(question: BoundQuestion) -> LeastSeconds:
    """Return the least replica seconds while the traffic lasts."""
    floor = question.least * question.seconds
    deadlines = Deadlines.of(question.objectives)
    if deadlines.first_s >= question.seconds:
        return LeastSeconds(floor, floor)
    wanted = demand.collect(question.arrivals(), question.settings)
    limits = CourseLimits(
        ranks=question.ranks,
        cold_s=question.cold_s,
        least=question.least,
        may_miss=(1 - question.goal) * sum(one >= 0 for one in wanted.arrived),
    )

    @cache
    def priced(pace_s: float) -> PricedTrace:
        prices = step_prices.dearest(question.times, question.settings, wanted, pace_s)
        return PricedTrace(demand=wanted, prices=prices, deadlines=deadlines, seconds=question.seconds)

    def highest(trace: PricedTrace, lengths: tuple[float, ...], answered_s: float) -> float:
        different = sorted({min(one, question.seconds) for one in lengths})
        courses = (ReplicaCourse(tuple(trace.blocks(one, answered_s)), limits) for one in different)
        return max(floor, *(one.least_seconds() for one in courses))

    anyhow = highest(priced(deadlines.pace_s), BLOCK_SECONDS, inf)
    # A request that misses its objectives keeps no pace, so prices that rely on it do not hold for those answered late.
    return LeastSeconds(anyhow, max(anyhow, highest(priced(inf), LONG_BLOCK_SECONDS, question.answered_s)))

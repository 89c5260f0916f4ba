"""A lower bound on the cost of keeping the objectives on this traffic, for any policy and any routing.

It knows the whole trace, and is spared what a policy struggles with: requests go to any replica and are divided among
steps at will, a cache holds everything computed before, one request in twenty may be left out (the dearest), and what
need not be done within a block of time costs nothing. It is not spared three things: tokens cost engine seconds at the
engine's best batches, replicas are whole, and each added one is paid for while it starts. Blocks of several lengths are
tried; each gives a bound, and the highest holds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
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


def replica_seconds(question: BoundQuestion) -> float:
    """Return the least replica seconds while the traffic lasts."""
    floor = question.least * question.seconds
    deadlines = Deadlines.of(question.objectives)
    if deadlines.first_s >= question.seconds:
        return floor
    wanted = demand.collect(question.arrivals(), question.settings)
    trace = PricedTrace(
        demand=wanted,
        prices=step_prices.dearest(question.times, question.settings, wanted, deadlines.pace_s),
        deadlines=deadlines,
        seconds=question.seconds,
    )
    limits = CourseLimits(
        ranks=question.ranks,
        cold_s=question.cold_s,
        least=question.least,
        may_miss=(1 - question.goal) * sum(one >= 0 for one in wanted.arrived),
    )
    lengths = {min(one, question.seconds) for one in BLOCK_SECONDS}
    courses = (ReplicaCourse(tuple(trace.blocks(one)), limits) for one in sorted(lengths))
    return max(floor, *(one.least_seconds() for one in courses))

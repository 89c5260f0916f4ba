"""One autoscaler on one traffic, run in the simulator, and the result in the reported part."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from bench import simulated_fleets
from bench.autoscaling import swinging
from bench.autoscaling.traffic import Part, Traffic
from fairlead.backtest.lower_bound import ANSWERED_SECONDS
from fairlead.backtest.windows import WindowedStatistics
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer, LeastTokens, PrefixAffinity
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replicas import ScalingHook
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation

TAIL_S: Final = 120.0
"""Seconds after the last arrival that counts; a request still unanswered then was missed."""
GOAL: Final = 0.95
FEWEST: Final = 100
"""Requests in ten minutes, below which a share of one in twenty means nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """The result in the reported part."""

    who: str
    attainment: float
    """Share of all requests that were answered within both objectives."""
    gpu_hours: float
    """From wanted to gone."""
    reversals: int
    """The most in any ten minutes without a burst."""
    answers: tuple[tuple[float, int], ...]
    """When the wanted number changed, and to what."""
    first: float
    pace: float
    """Shares within one objective each."""
    worst: float
    """The lowest share of both in any ten minutes."""
    slowest: float | None
    """Seconds until the last token of the slowest answer; None if a request got none."""

    @property
    def answers_all(self) -> bool:
        """Whether each request was answered in time for the higher bound."""
        return self.slowest is not None and self.slowest <= ANSWERED_SECONDS

    @property
    def holds(self) -> bool:
        """Whether the objectives were kept."""
        return self.attainment >= GOAL

    @property
    def holds_throughout(self) -> bool:
        """Whether they were kept in every ten minutes."""
        return self.worst >= GOAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One part of one traffic with one cold start, and the initial replicas."""

    traffic: Traffic
    part: Part
    arrivals: Sequence[RequestArrival]
    cold_s: float
    replicas: int

    def with_replicas(self, replicas: int) -> "Stage":
        """The same with another number."""
        return replace(self, replicas=replicas)

    def with_cold_start(self, seconds: float) -> "Stage":
        """The same with another cold start."""
        return replace(self, cold_s=seconds)


class Noted:
    """An autoscaler whose answers are recorded."""

    def __init__(self, wanted: Callable[[FleetSnapshot], int]) -> None:
        self._wanted = wanted
        self.answers: list[tuple[float, int]] = []

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Record and return its answer."""
        answer = self._wanted(snapshot)
        if not self.answers or self.answers[-1][1] != answer:
            self.answers.append((snapshot.at, answer))
        return answer


def played(stage: Stage, who: str, scaling: ScalingHook | None = None) -> Played:
    """Simulate from the first arrival on."""
    part, lived = stage.part, stage.traffic.lived
    noted = Noted(scaling.wanted if scaling else lambda _: stage.replicas)
    fleet = replace(
        replace(lived, replicas=stage.replicas).fleet(),
        cold_starts=FixedColdStarts(stage.cold_s),
        scaling=replace(scaling, wanted=noted.wanted) if scaling else None,
        snapshot_s=60.0,
    )
    statistics = WindowedStatistics(lived.objectives, part.since, part.until)
    balancer: Balancer = PrefixAffinity() if stage.traffic.prefixes else LeastTokens()
    world = FleetSimulation(fleet, balancer, simulated_fleets.streams("world"), statistics)
    gc.freeze()
    world.run((one for one in stage.arrivals if one.time < part.until), part.until + TAIL_S)
    counts, answers = statistics.counts, noted.answers or [(0.0, stage.replicas)]
    arrived = max(counts.arrived, 1)
    return Played(
        who=who,
        attainment=counts.kept / arrived,
        gpu_hours=gpu_hours(world, part),
        reversals=swinging.max_reversals(answers, [one.time for one in stage.arrivals], part.since, part.until),
        answers=tuple(answers),
        first=counts.kept_first / arrived,
        pace=counts.kept_pace / arrived,
        worst=worst(statistics),
        slowest=None if counts.refused + counts.left else statistics.e2e.most,
    )


def worst(statistics: WindowedStatistics) -> float:
    """The lowest share within both objectives of any ten minutes; 1 if none had enough requests."""
    window = statistics.worst(FEWEST)
    return 1.0 if window is None else window.kept


def gpu_hours(world: FleetSimulation, part: Part) -> float:
    """Of all replicas, from wanted to gone, in this part."""
    seconds = 0.0
    for one in world.replicas.all:
        gone = inf if one.gone_at is None else one.gone_at
        seconds += one.gpus * max(min(gone, part.until) - max(one.wanted_at, part.since), 0.0)
    return seconds / 3600

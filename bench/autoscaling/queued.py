"""One autoscaler on one traffic, with the router's own dispatcher before the engines: requests wait in its queue."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from math import inf
from typing import Final

from bench import simulated_fleets
from bench.autoscaling import playing
from bench.autoscaling.playing import Noted, Stage
from fairlead.backtest.windows import WindowedStatistics
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.queued_simulation import (
    SWEEP_S,
    EngineCapacity,
    QueuedSimulation,
    SimulatedDispatcher,
)
from fairlead.simulator.virtual_fleet.replicas import ScalingHook

NONE: Final[frozenset[int]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """The result in the reported part, and the replicas of the whole run."""

    kept: float
    """Share of all requests that were answered within both objectives."""
    worst: float
    """The lowest share of both in any ten minutes."""
    gpu_hours: float
    answers: tuple[tuple[float, int], ...]
    """When the wanted number changed, and to what."""
    ready: tuple[tuple[float, float], ...]
    """From when and until when each replica was given requests."""


class Repeated:
    """An autoscaler that answers as another one did in an earlier run."""

    def __init__(self, answers: Collection[tuple[float, int]]) -> None:
        self._later = sorted(answers, reverse=True)
        self._answer = self._later[-1][1]

    def wanted(self, snapshot: FleetSnapshot) -> int:
        """Return the answer that was valid at this time."""
        while self._later and self._later[-1][0] <= snapshot.at:
            self._answer = self._later.pop()[1]
        return self._answer


def played(stage: Stage, scaling: ScalingHook, *, ordered: bool, left_out: Collection[int] = NONE) -> Queued:
    """Simulate from the first arrival on; requests left out, by their places in the traffic, count as missed."""
    part, lived = stage.part, stage.traffic.lived
    statistics = WindowedStatistics(lived.objectives, part.since, part.until)
    noted = Noted(scaling.wanted)
    fleet = replace(
        replace(lived, replicas=stage.replicas).fleet(),
        cold_starts=FixedColdStarts(stage.cold_s),
        scaling=replace(scaling, wanted=noted.wanted),
        snapshot_s=SWEEP_S,
    )
    objective = lived.objectives.ttft_p95_s if ordered else None
    dispatcher = SimulatedDispatcher(Dispatcher(DispatcherConfig(first_token_seconds=objective)), _digest)
    settings = lived.settings()
    capacity = EngineCapacity(max_running=settings.max_sequences, kv_tokens=settings.blocks * settings.block_tokens)
    world = QueuedSimulation(fleet, dispatcher, simulated_fleets.streams("world"), statistics, capacity)

    def sent() -> Iterator[RequestArrival]:
        for place, one in enumerate(stage.arrivals):
            if one.time >= part.until:
                return
            if place in left_out:
                statistics.arrived(one)
            else:
                yield one

    world.run(sent(), part.until + playing.TAIL_S)
    return Queued(
        kept=statistics.counts.kept / max(statistics.counts.arrived, 1),
        worst=playing.worst(statistics),
        gpu_hours=playing.gpu_hours(world, part),
        answers=tuple(noted.answers),
        ready=tuple(
            (one.ready_at, inf if one.drained_at is None else one.drained_at)
            for one in world.replicas.all
            if one.ready_at is not None
        ),
    )


def _digest(name: str) -> bytes:
    return sha256(name.encode()).digest()

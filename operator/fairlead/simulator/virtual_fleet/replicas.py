"""The set of replicas: made, ready, drained, gone; how many are wanted is somebody else's answer.

Holds what the whole fleet looks like at a moment. Replicas are known by their ordinal; names decide nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.virtual_fleet.cold_starts import ColdStartDistribution, FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, ReplicaStage, SimulatedReplica
from fairlead.simulator.virtual_fleet.replica_meter import ReplicaMeter

AT_ONCE: Final = FixedColdStarts(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingHook:
    """The seam for the scaling room: asked every so many seconds, answers how many replicas are wanted."""

    wanted: Callable[[FleetSnapshot], int]
    every_s: float = 15.0
    delay_s: float = 0.0
    """How old a look is when its answer takes effect: the time between a scrape and what follows from it."""
    first_s: float | None = None
    """Replicas count how many of their first tokens came within so many seconds."""
    pace_s: float | None = None
    """And how many of their replies took no more than this for each further token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFleet:
    """What replicas are made of, and how many stand there at the start."""

    inside: Callable[[int], ReplicaEngines]
    """By the replica's ordinal."""
    replicas: int = 1
    gpus: int = 1
    """Of one replica."""
    cold_starts: ColdStartDistribution = AT_ONCE
    """Of replicas wanted later; those of the start are ready at once."""
    scaling: ScalingHook | None = None
    look_s: float = 10.0
    """How often observers see the whole fleet."""
    name: Callable[[int], str] = "replica-{}".format
    """By ordinal."""


class ReplicaRegistry:
    """All there ever were."""

    __slots__ = ("_fleet", "all", "ready")

    def __init__(self, fleet: SimulatedFleet) -> None:
        self._fleet = fleet
        self.all: list[SimulatedReplica] = []
        self.ready: list[SimulatedReplica] = []
        """In the order of their ordinals."""

    def make(self, now: float) -> SimulatedReplica:
        """One more, starting."""
        ordinal = len(self.all)
        made = SimulatedReplica(ordinal, self._fleet.name(ordinal), self._fleet.inside(ordinal), self._fleet.gpus, now)
        if self._fleet.scaling is not None:
            made.meter = ReplicaMeter(self._fleet.scaling.first_s, self._fleet.scaling.pace_s)
        self.all.append(made)
        return made

    def started(self, replica: SimulatedReplica, now: float) -> None:
        """It may be sent to."""
        replica.stage, replica.ready_at = ReplicaStage.READY, now
        for course in replica.courses:
            course.at = now
        self.ready.append(replica)
        self.ready.sort(key=_ordinal)

    def surplus(self, wanted: int) -> list[SimulatedReplica]:
        """Which to give up: those still starting first, then whoever has least to answer, the youngest of equals."""
        starting = self.at(ReplicaStage.STARTING)[::-1]
        idlest = sorted(self.ready, key=lambda one: (one.requests, -one.ordinal))
        return (starting + idlest)[: max(self.coming - wanted, 0)]

    def leave(self, replica: SimulatedReplica, now: float) -> None:
        """No more is sent to it; it is gone as soon as it has answered all."""
        if replica.stage is ReplicaStage.READY:
            self.ready.remove(replica)
        replica.stage = ReplicaStage.DRAINING
        self.maybe_gone(replica, now)

    def maybe_gone(self, replica: SimulatedReplica, now: float) -> None:
        """Once a draining one has nothing in flight."""
        if replica.stage is ReplicaStage.DRAINING and not replica.requests:
            replica.stage, replica.gone_at = ReplicaStage.GONE, now

    @property
    def coming(self) -> int:
        """Ready, or on the way there."""
        return len(self.ready) + len(self.at(ReplicaStage.STARTING))

    def at(self, stage: ReplicaStage) -> list[SimulatedReplica]:
        """Those at this stage."""
        return [one for one in self.all if one.stage is stage]

    def gpu_seconds(self, now: float) -> float:
        """Of all, from wanted to gone or now."""
        return sum(one.gpu_seconds(now) for one in self.all)


def _ordinal(replica: SimulatedReplica) -> int:
    return replica.ordinal

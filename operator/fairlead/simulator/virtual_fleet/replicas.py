"""The set of replicas: created, ready, drained, gone; how many there should be is decided elsewhere.

Replicas are identified by their ordinals; names decide nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import Final

from fairlead.simulator.virtual_fleet.cold_starts import ColdStartDistribution, FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines, ReplicaMeter, ReplicaStage, SimulatedReplica

AT_ONCE: Final = FixedColdStarts(0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingHook:
    """The interface to the autoscaler: called at this interval, it returns how many replicas are wanted."""

    wanted: Callable[[FleetSnapshot], int]
    every_s: float = 15.0
    delay_s: float = 0.0
    """Age of a snapshot when its decision takes effect: the time between a scrape and the change."""
    first_s: float | None = None
    """TTFT objective in seconds: replicas count the first tokens within it."""
    pace_s: float | None = None
    """TPOT objective in seconds: replicas count the replies within it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedFleet:
    """How replicas are created, and how many are ready at the start."""

    inside: Callable[[int], ReplicaEngines]
    """Creates the engines of a replica, by its ordinal."""
    replicas: int = 1
    gpus: int = 1
    """GPUs of one replica."""
    cold_starts: ColdStartDistribution = AT_ONCE
    """Cold starts of later replicas; the initial ones are ready at once."""
    scaling: ScalingHook | None = None
    snapshot_s: float = 10.0
    """Seconds between the observers' snapshots."""
    name: Callable[[int], str] = "replica-{}".format
    """Returns a replica's name, by its ordinal."""


class ReplicaRegistry:
    """All replicas ever created."""

    __slots__ = ("_fleet", "all", "live", "ready")

    def __init__(self, fleet: SimulatedFleet) -> None:
        self._fleet = fleet
        self.all: list[SimulatedReplica] = []
        self.live: list[SimulatedReplica] = []
        """Replicas that are not gone: few, however long a run lasts."""
        self.ready: list[SimulatedReplica] = []
        """Ready replicas in the order of their ordinals; each change makes a new list, so that it can be noticed."""

    def make(self, now: float) -> SimulatedReplica:
        """Create a replica, which is starting."""
        ordinal = len(self.all)
        made = SimulatedReplica(ordinal, self._fleet.name(ordinal), self._fleet.inside(ordinal), self._fleet.gpus, now)
        if self._fleet.scaling is not None:
            made.meter = ReplicaMeter(self._fleet.scaling.first_s, self._fleet.scaling.pace_s)
        self.all.append(made)
        self.live.append(made)
        return made

    def started(self, replica: SimulatedReplica, now: float) -> None:
        """Make a replica ready, so that it gets requests."""
        replica.stage, replica.ready_at = ReplicaStage.READY, now
        for timeline in replica.courses:
            timeline.at = now
        self.ready = sorted((*self.ready, replica), key=_ordinal)

    def surplus(self, wanted: int) -> list[SimulatedReplica]:
        """Return replicas to remove: starting ones first, then those with the fewest requests, youngest first."""
        starting = self.at(ReplicaStage.STARTING)[::-1]
        idlest = sorted(self.ready, key=lambda one: (one.requests, -one.ordinal))
        return (starting + idlest)[: max(self.coming - wanted, 0)]

    def leave(self, replica: SimulatedReplica, now: float) -> None:
        """Drain a replica: it gets no new requests, and is gone as soon as all have ended."""
        if replica.stage is ReplicaStage.READY:
            self.ready = [one for one in self.ready if one is not replica]
        replica.stage, replica.drained_at = ReplicaStage.DRAINING, now
        self.maybe_gone(replica, now)

    def maybe_gone(self, replica: SimulatedReplica, now: float) -> None:
        """Mark a draining replica as gone once it has no requests in flight."""
        if replica.stage is ReplicaStage.DRAINING and not replica.requests:
            replica.stage, replica.gone_at = ReplicaStage.GONE, now
            self.live.remove(replica)

    @property
    def coming(self) -> int:
        """Number of ready and starting replicas."""
        return len(self.ready) + len(self.at(ReplicaStage.STARTING))

    def at(self, stage: ReplicaStage) -> list[SimulatedReplica]:
        """Return replicas at this stage, which is not the last."""
        return [one for one in self.live if one.stage is stage]

    def most_ready(self, since: float, until: float) -> int:
        """Return the most replicas that were ready at a time between two, both included."""
        changes: list[tuple[float, int]] = []
        for one in self.all:
            ready, drained = one.ready_at, inf if one.drained_at is None else one.drained_at
            if ready is not None and ready <= until and drained > since:
                changes += [(max(ready, since), 1), (drained, -1)]
        return max(accumulate(change for _, change in sorted(changes)), default=0)

    def gpu_seconds(self, now: float) -> float:
        """Return all replicas' GPU seconds, from creation until gone or now."""
        return sum(one.gpu_seconds(now) for one in self.all)


def _ordinal(replica: SimulatedReplica) -> int:
    return replica.ordinal

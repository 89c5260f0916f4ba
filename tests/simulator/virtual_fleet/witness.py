"""An observer that records everything, for tests that check each request."""

from dataclasses import dataclass, field

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica


@dataclass
class Witness:
    arrivals: list[RequestArrival] = field(default_factory=list)
    answers: list[tuple[RequestArrival, EngineRequest, str]] = field(default_factory=list)
    refusals: list[tuple[RequestArrival, str]] = field(default_factory=list)
    leftovers: list[tuple[RequestArrival, EngineRequest | None]] = field(default_factory=list)
    snapshots: list[FleetSnapshot] = field(default_factory=list)

    def arrived(self, arrival: RequestArrival) -> None:
        self.arrivals.append(arrival)

    def refused(self, arrival: RequestArrival, because: str) -> None:
        self.refusals.append((arrival, because))

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        self.answers.append((arrival, request, replica.name))

    def left(self, arrival: RequestArrival, request: EngineRequest | None) -> None:
        self.leftovers.append((arrival, request))

    def snapshot_taken(self, snapshot: FleetSnapshot) -> None:
        self.snapshots.append(snapshot)

    @property
    def ends(self) -> list[float]:
        """When each was answered, in order."""
        return [request.ended for _, request, _ in self.answers if request.ended is not None]

    @property
    def served_by(self) -> list[str]:
        return [name for _, _, name in self.answers]

"""An observer that remembers everything, for tests that look at each request."""

from dataclasses import dataclass, field

from fairlead.sim.engine.request import Request
from fairlead.sim.world.observers import Look
from fairlead.sim.world.replica import Replica
from fairlead.sim.world.traffic.arrival import Arrival


@dataclass
class Witness:
    arrivals: list[Arrival] = field(default_factory=list)
    answers: list[tuple[Arrival, Request, str]] = field(default_factory=list)
    refusals: list[tuple[Arrival, str]] = field(default_factory=list)
    leftovers: list[tuple[Arrival, Request | None]] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)

    def arrived(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    def refused(self, arrival: Arrival, because: str) -> None:
        self.refusals.append((arrival, because))

    def ended(self, arrival: Arrival, request: Request, replica: Replica) -> None:
        self.answers.append((arrival, request, replica.name))

    def left(self, arrival: Arrival, request: Request | None) -> None:
        self.leftovers.append((arrival, request))

    def looked(self, look: Look) -> None:
        self.looks.append(look)

    @property
    def ends(self) -> list[float]:
        """When each was answered, in that order."""
        return [request.ended for _, request, _ in self.answers if request.ended is not None]

    @property
    def served_by(self) -> list[str]:
        return [name for _, _, name in self.answers]

"""What the world tells while it runs, and to whom: watching changes nothing, so any number of tales can be told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSnapshot:
    """The whole fleet at one moment: what the scaling loop is asked with, and what a time series is made of."""

    at: float
    starting: int
    ready: int
    draining: int
    held: int
    """Requests that no replica was there for."""
    waiting: int
    """Requests in engines, not yet in a batch."""
    running: int
    usage: float
    """Of the caches of all that serve, on average."""
    arrived: int
    """Requests since the start; likewise below."""
    ended: int
    prompt_tokens: int
    """Of what arrived."""
    output_tokens: int
    """Of what ended."""
    oldest_s: float = 0.0
    """How long the one has been held that is held longest."""
    replicas: Sequence[SimulatedReplica] = field(default=(), compare=False, repr=False)
    """All there ever were, as they are at this moment: to be read at once, not to be kept."""


class SimulationObserver(Protocol):
    """Told of each request once when it arrives and once when it is over."""

    def arrived(self, arrival: RequestArrival) -> None:
        """It is at the door."""

    def refused(self, arrival: RequestArrival, because: str) -> None:
        """The engine did not take it; it is over."""

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        """Answered to the end; it is over."""

    def left(self, arrival: RequestArrival, request: EngineRequest | None) -> None:
        """The world stopped before its end; it is over. Without a request it was still held."""

    def looked(self, look: FleetSnapshot) -> None:
        """Every so many seconds."""

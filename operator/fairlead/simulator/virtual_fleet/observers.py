"""What a simulation reports while it runs: observers change nothing, so there may be any number."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLaneTotals:
    """The part of a snapshot's requests that went to the batch lane."""

    arrived: int = 0
    """Since the start, as the next count."""
    prompt_tokens: int = 0
    waiting: int = 0
    """In the dispatcher's queue now."""


NO_BATCH_LANE: Final = BatchLaneTotals()


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSnapshot:
    """A snapshot of the whole fleet: the input of the scaling loop, and one row of the time series."""

    at: float
    starting: int
    ready: int
    draining: int
    held: int
    """Requests held because no replica is ready."""
    waiting: int
    """Requests that wait in engines."""
    running: int
    usage: float
    """Mean KV cache usage of all ready and draining engines."""
    arrived: int
    """Requests since the start; the counts below are also since the start."""
    ended: int
    prompt_tokens: int
    """Prompt tokens of requests that arrived."""
    output_tokens: int
    """Output tokens of requests that ended."""
    oldest_s: float = 0.0
    """How long the oldest held request has been held, without the batch lane."""
    batch: BatchLaneTotals = NO_BATCH_LANE
    replicas: Sequence[SimulatedReplica] = field(default=(), compare=False, repr=False)
    """All replicas that are not gone, live and not copied: read them at once and do not keep them."""


class SimulationObserver(Protocol):
    """Called once when each request arrives, once when it is over, and with each snapshot."""

    def arrived(self, arrival: RequestArrival) -> None:
        """A request arrived."""

    def refused(self, arrival: RequestArrival, because: str) -> None:
        """A request was refused; it is over."""

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        """A request got its whole reply; it is over."""

    def left(self, arrival: RequestArrival, request: EngineRequest | None) -> None:
        """The simulation stopped before a request's end. Without an engine request, it had not reached an engine."""

    def snapshot_taken(self, snapshot: FleetSnapshot) -> None:
        """A snapshot was taken, every `snapshot_s` seconds."""

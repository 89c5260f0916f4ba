"""One replica of the fleet, from its creation until it is gone, with its engines and its requests in flight.

Its GPUs are paid for over all that time. Which requests it gets is decided elsewhere.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.engine_timeline import EngineTimeline, SimulatedEngine
from fairlead.simulator.virtual_fleet.replica_meter import ReplicaMeter


class ReplicaStage(StrEnum):
    """The stages of a replica."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    """Finishes its requests and gets no new ones."""
    GONE = "gone"


class ReplicaEngines(NamedTuple):
    """The engines of a replica."""

    engines: Sequence[SimulatedEngine]
    """One engine, or one for each data-parallel rank."""
    choose: Callable[[float], int] | None = None
    """Which rank gets the next request, as in `simulator.engine.ranks`; required with several ranks."""


class SentRequest(NamedTuple):
    """A request in flight."""

    arrival: RequestArrival
    request: EngineRequest


class SimulatedReplica:
    """One replica; only the simulation writes it, and balancers read what a router could know."""

    __slots__ = (
        "choose", "courses", "flights", "gone_at", "gpus", "meter", "name", "ordinal", "prompt_tokens", "ready_at",
        "ready_event", "requests", "stage", "wanted_at",
    )  # fmt: skip

    def __init__(self, ordinal: int, name: str, inside: ReplicaEngines, gpus: int, now: float) -> None:
        self.ordinal = ordinal
        self.name = name
        self.courses = tuple(EngineTimeline(engine, now) for engine in inside.engines)
        self.choose = inside.choose if len(self.courses) > 1 else None
        self.gpus = gpus
        self.stage = ReplicaStage.STARTING
        self.wanted_at = now
        self.ready_at: float | None = None
        self.gone_at: float | None = None
        self.ready_event = 0
        self.requests = 0
        self.prompt_tokens = 0
        self.flights: dict[int, SentRequest] = {}
        self.meter: ReplicaMeter | None = None
        """Present only if the fleet is scaled."""

    def gpu_seconds(self, now: float) -> float:
        """GPU seconds paid for so far."""
        return self.gpus * ((now if self.gone_at is None else self.gone_at) - self.wanted_at)

    def sent(self, flight: SentRequest) -> None:
        """Add a request in flight."""
        self.flights[flight.request.serial] = flight
        self.requests += 1
        self.prompt_tokens += flight.request.prompt_tokens

    def back(self, serial: int) -> SentRequest:
        """Remove a request that has ended; the only place where load decreases."""
        flight = self.flights.pop(serial)
        self.requests -= 1
        self.prompt_tokens -= flight.request.prompt_tokens
        return flight

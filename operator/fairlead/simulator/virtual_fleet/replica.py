"""One replica of the fleet: from wanted to gone, with the engines in it and what was sent to it.

Its GPUs are paid for from the moment it is wanted until it is gone. Which requests come to it is decided elsewhere.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.engine_timeline import EngineTimeline, SimulatedEngine
from fairlead.simulator.virtual_fleet.replica_meter import ReplicaMeter


class ReplicaStage(StrEnum):
    """Where a replica is on its way."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    """Answers what it has and is sent nothing more."""
    GONE = "gone"


class ReplicaEngines(NamedTuple):
    """What a replica is made of."""

    engines: Sequence[SimulatedEngine]
    """One, or one for each data-parallel rank."""
    choose: Callable[[float], int] | None = None
    """Which rank takes the next request, as `simulator.engine.ranks` answers; needed where there are several."""


class SentRequest(NamedTuple):
    """A request that was sent and is not back."""

    arrival: RequestArrival
    request: EngineRequest


class SimulatedReplica:
    """Written by the world only; balancers read what a router could know."""

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
        """Only where somebody scales by it."""

    def gpu_seconds(self, now: float) -> float:
        """Paid for so far."""
        return self.gpus * ((now if self.gone_at is None else self.gone_at) - self.wanted_at)

    def sent(self, flight: SentRequest) -> None:
        """One more in flight."""
        self.flights[flight.request.serial] = flight
        self.requests += 1
        self.prompt_tokens += flight.request.prompt_tokens

    def back(self, serial: int) -> SentRequest:
        """One less: the only place where load goes down."""
        flight = self.flights.pop(serial)
        self.requests -= 1
        self.prompt_tokens -= flight.request.prompt_tokens
        return flight

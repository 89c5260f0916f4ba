"""One replica of the fleet, from its creation until it is gone, with its engines and its requests in flight.

Its GPUs are paid for over all that time. Which requests it gets is decided elsewhere. Its latency counters are sums, so
that a scrape costs the same however many requests run; they are only kept for fleets that are scaled.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.engine_timeline import EngineTimeline, SimulatedEngine


class ReplicaMeter:
    """Latency counters since the replica was created."""

    __slots__ = (
        "_began", "_first_s", "_pace_s", "_paced", "decoding", "finished", "firsts", "kept", "kept_pace", "paces",
        "waited",
    )  # fmt: skip

    def __init__(self, first_s: float | None, pace_s: float | None) -> None:
        self._first_s = inf if first_s is None else first_s
        self._pace_s = inf if pace_s is None else pace_s
        self.firsts = 0
        self.waited = 0.0
        """Sum of seconds from a request's arrival at the engine to its first token."""
        self.kept = 0
        """First tokens within the objective."""
        self.finished = 0
        self.paces = 0.0
        """Sum of ended requests' mean times between tokens; 0 for a reply of one token."""
        self.kept_pace = 0
        """Ended requests whose mean time between tokens was within the objective."""
        self.decoding = 0
        """Requests between their first and their last token."""
        self._began = 0.0
        """Sum of the times of their first tokens."""
        self._paced = 0.0
        """Sum of ended requests' seconds from first to last token."""

    def began(self, request: EngineRequest) -> None:
        """Count a request's first token."""
        first = request.first_token
        if first is None:
            raise _timeless(request)
        waited = first - request.arrived
        self.firsts += 1
        self.waited += waited
        self.kept += waited <= self._first_s
        self.decoding += 1
        self._began += first

    def ended(self, request: EngineRequest) -> None:
        """Count a request's last token."""
        first, last = request.first_token, request.ended
        if first is None or last is None:
            raise _timeless(request)
        self.finished += 1
        self.decoding -= 1
        self._began -= first
        self._paced += last - first
        pace = (last - first) / (request.emitted - 1) if request.emitted > 1 else 0.0
        self.paces += pace
        self.kept_pace += pace <= self._pace_s

    def between_tokens(self, now: float) -> float:
        """Return seconds that all requests have spent after their first token, those still decoding included."""
        return self._paced + self.decoding * now - self._began


def _timeless(request: EngineRequest) -> AssertionError:
    return AssertionError(f"request {request.serial} emitted without a time")


class ReplicaStage(StrEnum):
    """The stages of a replica."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    """Finishes its requests and gets no new ones."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class ReplicaEngines:
    """The engines of a replica."""

    engines: Sequence[SimulatedEngine]
    """One engine, or one for each data-parallel rank."""
    choose: Callable[[float], int] | None = None
    """Returns the rank for the next request, as in `simulator.engine.ranks`; required with several ranks."""


@dataclass(frozen=True, slots=True)
class SentRequest:
    """A request in flight."""

    arrival: RequestArrival
    request: EngineRequest


class SimulatedReplica:
    """One replica; only the simulation writes it, and balancers read what a router could know."""

    __slots__ = (
        "choose", "courses", "drained_at", "flights", "gone_at", "gpus", "meter", "name", "ordinal", "prompt_tokens",
        "ready_at", "ready_event", "requests", "stage", "wanted_at",
    )  # fmt: skip

    def __init__(self, ordinal: int, name: str, inside: ReplicaEngines, gpus: int, now: float) -> None:
        self.ordinal = ordinal
        self.name = name
        self.courses = tuple(EngineTimeline(engine, now, (ordinal, rank)) for rank, engine in enumerate(inside.engines))
        self.choose = inside.choose if len(self.courses) > 1 else None
        self.gpus = gpus
        self.stage = ReplicaStage.STARTING
        self.wanted_at = now
        self.ready_at: float | None = None
        self.drained_at: float | None = None
        self.gone_at: float | None = None
        self.ready_event = 0
        self.requests = 0
        self.prompt_tokens = 0
        self.flights: dict[int, SentRequest] = {}
        self.meter: ReplicaMeter | None = None
        """None unless the fleet is scaled."""

    def gpu_seconds(self, now: float) -> float:
        """Return the GPU seconds paid for so far."""
        return self.gpus * ((now if self.gone_at is None else self.gone_at) - self.wanted_at)

    def sent(self, sent: SentRequest) -> None:
        """Add a request in flight."""
        self.flights[sent.request.serial] = sent
        self.requests += 1
        self.prompt_tokens += sent.request.prompt_tokens

    def back(self, serial: int) -> SentRequest:
        """Remove a request that has ended; the only place where the load decreases."""
        sent = self.flights.pop(serial)
        self.requests -= 1
        self.prompt_tokens -= sent.request.prompt_tokens
        return sent

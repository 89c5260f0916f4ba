"""A small fleet with the real dispatcher, and ten minutes in which demand exceeds its capacity.

Two A10G with Llama-3.1-8B, the chat of the autoscalers' comparison: first token within 2 s. Its capacity is the highest
steady rate at which 95 % keep that in order of arrival; it is searched for, not set. With two tenants, a quarter of the
requests are the second one's; both have the same weight.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from bench.autoscaling import traffic
from bench.simulated_fleets import Lived, streams
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic import gaps, lengths
from fairlead.simulator.traffic.arrivals import RequestArrival, joined
from fairlead.simulator.traffic.rate_profiles import RateSlice
from fairlead.simulator.virtual_fleet.queued_simulation import (
    SWEEP_S,
    EngineCapacity,
    QueuedSimulation,
    SimulatedDispatcher,
)
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics

ENGINES: Final = 2
WARM_S: Final = 120.0
BURST_S: Final = 600.0
AFTER_S: Final = 120.0
CALM: Final = 1.0
"""Requests a second before and after; the fleet learns its speed from them."""
OBJECTIVE_S: Final = 2.0
QUEUE_S: Final = 30.0
"""`maxQueueTime`."""
MAX_QUEUED: Final = 1000
FLOOD: Final = "flood"
QUIET: Final = "quiet"
Kept = Callable[[RequestArrival], bool]
"""Whether a clairvoyant serves a request at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Requests a second of each client during the burst."""

    rates: tuple[tuple[str, float], ...]

    def arrivals(self) -> Iterator[RequestArrival]:
        """All requests by time; those before and after the burst are the first client's."""
        return joined(*(self._of(name, rate, first=place == 0) for place, (name, rate) in enumerate(self.rates)))

    def _of(self, name: str, rate: float, *, first: bool) -> Iterator[RequestArrival]:
        calm = CALM if first else 0.0
        profile = iter((RateSlice(WARM_S, calm), RateSlice(BURST_S, rate), RateSlice(AFTER_S, calm)))
        sizes = lengths.lognormal(traffic.PROMPTS, traffic.REPLIES, 8192, streams(f"overload/{name}/sizes"))
        return gaps.requests(profile, gaps.poisson(streams(f"overload/{name}/gaps")), sizes, name)


class Waits(RunStatistics):
    """Statistics of the burst, by client, and the longest time from an arrival to its first attempt."""

    __slots__ = ("_objectives", "clients", "longest")

    def __init__(self, objectives: LatencyObjectives) -> None:
        super().__init__(objectives, WARM_S, WARM_S + BURST_S)
        self._objectives = objectives
        self.clients: dict[str, RunStatistics] = {}
        self.longest = 0.0

    def _of(self, arrival: RequestArrival) -> RunStatistics:
        name = arrival.client or ""
        if name not in self.clients:
            self.clients[name] = RunStatistics(self._objectives, WARM_S, WARM_S + BURST_S)
        return self.clients[name]

    def arrived(self, arrival: RequestArrival) -> None:
        """Count in total and by client."""
        super().arrived(arrival)
        self._of(arrival).arrived(arrival)

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        """Count it, with the time that it waited before it was sent."""
        super().ended(arrival, request, replica)
        self._of(arrival).ended(arrival, request, replica)
        self.longest = max(self.longest, request.arrived - arrival.time)


def fleet() -> Lived:
    """Both engines."""
    return replace(traffic.chat_replica(), replicas=ENGINES)


def lived(burst: Burst, *, ordered: bool, serves: Kept | None = None) -> Waits:
    """Simulate the burst; what a clairvoyant does not serve is never sent and counts as missed."""
    replicas = fleet()
    settings = replicas.settings()
    tenants = tuple(Tenant(name=name, keys=()) for name, _ in burst.rates)
    dispatcher = Dispatcher(
        DispatcherConfig(
            routing=RoutingSettings(
                tenants=tenants, limits=TrafficLimits(max_queued=MAX_QUEUED, max_queue_seconds=QUEUE_S)
            ),
            keys={_digest(one.name): one.name for one in tenants},
            first_token_seconds=OBJECTIVE_S if ordered else None,
        )
    )
    waits = Waits(replicas.objectives)
    capacity = EngineCapacity(max_running=settings.max_sequences, kv_tokens=settings.blocks * settings.block_tokens)
    world = QueuedSimulation(
        replace(replicas.fleet(), snapshot_s=SWEEP_S),
        SimulatedDispatcher(dispatcher, _digest),
        streams("world"),
        waits,
        capacity,
    )
    chosen = burst.arrivals() if serves is None else (one for one in burst.arrivals() if serves(one))
    world.run(chosen, WARM_S + BURST_S + AFTER_S)
    return waits


def _digest(name: str) -> bytes:
    return sha256(name.encode()).digest()

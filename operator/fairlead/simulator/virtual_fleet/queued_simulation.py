"""A simulation with one router's dispatcher before its engines: requests wait there in lanes, bands and fair queues.

The dispatcher is Fairlead's own. It sees what a router sees: its streams' first and last tokens, and each engine's
sample once a second. Queued requests are dispatched after every event and four times a second, as in the router.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.tenants import Lane
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.expectations import BLOCK_BYTES
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import Refusal, TokenUsage
from fairlead.routing.routing_request import RoutingRequest
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Chosen
from fairlead.simulator.virtual_fleet.observers import BatchLaneTotals, FleetSnapshot, SimulationObserver
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation, PeriodicEvent, SimulationEvent

SWEEP_S: Final = 0.25
FIGURES_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCapacity:
    """The capacity that each engine reports."""

    max_running: float = inf
    """Most requests that run at once."""
    kv_tokens: int | None = None


UNKNOWN_CAPACITY: Final = EngineCapacity()


@dataclass(frozen=True, slots=True)
class PrefixBlocks:
    """The length of a router's prefix block."""

    pages: int
    """In KV blocks of an engine."""
    tokens: int


class SimulatedDispatcher:
    """Fairlead's dispatcher, and the mapping of its requests to arrivals of the simulation."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        digests: Callable[[str], bytes],
        batch: Iterable[str] = (),
        max_output: int = 4096,
        prefixes: PrefixBlocks | None = None,
    ) -> None:
        self.dispatcher = dispatcher
        self._digests = digests
        """Returns the API key digest of the tenant that an arrival's client names."""
        self._batch = frozenset(batch)
        """Clients whose requests go to the batch lane."""
        self._max_output = max_output
        self._block_pages = 0 if prefixes is None else prefixes.pages
        """0: prefixes are ignored."""
        if prefixes is not None:
            dispatcher.table.context.block_tokens = float(prefixes.tokens)
            dispatcher.table.expectations.bytes_a_token.value = BLOCK_BYTES / prefixes.tokens
        self._requests: dict[int, RoutingRequest] = {}
        self._batch_arrived = self._batch_tokens = 0

    def submit(self, arrival: RequestArrival) -> Endpoint | Refusal | None:
        """Submit a request as the router does; return an endpoint, a refusal, or None if it is queued."""
        account = self.dispatcher.account(self._digests(arrival.client or ""))
        if isinstance(account, Refusal):
            return account
        request = RoutingRequest(
            account=account,
            prompt_tokens=arrival.prompt_tokens,
            max_output_tokens=self._max_output,
            names_output=False,
            arrived=arrival.time,
            adapter=arrival.adapter,
            batch=arrival.client in self._batch,
            blocks=arrival.prefix[self._block_pages - 1 :: self._block_pages] if self._block_pages else (),
            owner=arrival,
        )
        if self.dispatcher.queue.lanes.of(request).lane is Lane.BATCH:
            self._batch_arrived += 1
            self._batch_tokens += arrival.prompt_tokens
        endpoint = self.dispatcher.submit(request, arrival.time)
        if not isinstance(endpoint, Refusal):
            self._requests[id(arrival)] = request
        return endpoint

    def turns(self, now: float) -> list[tuple[RequestArrival, Endpoint | Refusal]]:
        """Return the queued requests that are dispatched or refused now."""
        given: list[tuple[RequestArrival, Endpoint | Refusal]] = []
        for request, endpoint in self.dispatcher.turns(now):
            arrival = request.owner
            if not isinstance(arrival, RequestArrival):
                raise TypeError(f"a request of {type(arrival)}; every one here stands for an arrival")
            given.append((arrival, endpoint))
            if isinstance(endpoint, Refusal):
                del self._requests[id(arrival)]
        return given

    def batch_lane(self) -> BatchLaneTotals:
        """Return what came to the batch lane, counted as a router does."""
        waiting = self.dispatcher.queue.lanes.batch.bands.waiting
        return BatchLaneTotals(arrived=self._batch_arrived, prompt_tokens=self._batch_tokens, waiting=waiting)

    @property
    def waiting(self) -> list[RequestArrival]:
        """Queued requests in the order of arrival."""
        return [
            request.owner
            for request in self._requests.values()
            if request.waiting and isinstance(request.owner, RequestArrival)
        ]

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Return the replica that the dispatcher has already chosen."""
        endpoint = self._requests[id(arrival)].endpoint
        if endpoint is None:
            raise TypeError("sent without an engine; the dispatcher names one first")
        ordinal = int(endpoint.address)
        return next(one for one in ready if one.ordinal == ordinal)

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:  # noqa: ARG002  # unused
        """End the attempt if the engine refused it at once."""
        if not taken:
            self.dispatcher.ended(self._requests.pop(id(arrival)), AttemptEnding.REFUSED, None, arrival.time)

    def began(self, arrival: RequestArrival, now: float) -> None:
        """Record a request's first token."""
        self.dispatcher.first_token(self._requests[id(arrival)], now)

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """Record a request's last token."""
        usage = TokenUsage(prompt_tokens=arrival.prompt_tokens, output_tokens=output_tokens)
        self.dispatcher.ended(self._requests.pop(id(arrival)), AttemptEnding.DONE, usage, now)

    def see(self, ordinals: Sequence[int], size: EngineCapacity) -> None:
        """Update the endpoints as discovery does; a ready replica counts as proved at once."""
        table = self.dispatcher.table
        table.apply_discovered([DiscoveredEndpoint(pod=f"engine-{one}", address=str(one)) for one in ordinals])
        for endpoint in table.endpoints:
            table.probe_succeeded(endpoint)
            table.sized(endpoint, size.kv_tokens, size.max_running)


class QueuedSimulation(FleetSimulation):
    """One run with a dispatcher before the engines."""

    def __init__(
        self,
        fleet: SimulatedFleet,
        dispatcher: SimulatedDispatcher,
        randomness: RandomSource,
        observer: SimulationObserver,
        size: EngineCapacity = UNKNOWN_CAPACITY,
    ) -> None:
        super().__init__(fleet, dispatcher, randomness, observer)
        self._dispatcher = dispatcher
        self._size = size
        self._ready: Sequence[SimulatedReplica] = ()
        """The list of ready replicas that was last discovered."""
        self._sampled_at = -inf

    def _happen(self, serial: int, what: SimulationEvent) -> None:
        super()._happen(serial, what)
        self._discover()
        if self._dispatcher.dispatcher.waiting:
            self._give_turns()

    def _arrive(self, arrival: RequestArrival) -> None:
        """Submit a request to the dispatcher, which queues it if no engine is available."""
        self._discover()
        self.totals.arrived += 1
        self.totals.prompt_tokens += arrival.prompt_tokens
        self._observer.arrived(arrival)
        endpoint = self._dispatcher.submit(arrival)
        if endpoint is not None:
            self._act(arrival, endpoint)

    def _give_turns(self) -> None:
        """Dispatch until nothing more is possible: sending a request may end another one, which makes room."""
        while given := self._dispatcher.turns(self.now):
            for arrival, endpoint in given:
                self._act(arrival, endpoint)

    def _act(self, arrival: RequestArrival, endpoint: Endpoint | Refusal) -> None:
        if isinstance(endpoint, Refusal):
            self.totals.refused += 1
            self._observer.refused(arrival, endpoint.message)
        else:
            self._send(arrival)

    def _discover(self) -> None:
        ready = self.replicas.ready
        if ready is not self._ready:
            self._ready = ready
            self._dispatcher.see([one.ordinal for one in ready], self._size)

    def _come_round(self, hook: ScalingHook | PeriodicEvent) -> None:
        super()._come_round(hook)
        if hook is PeriodicEvent.SNAPSHOT:
            if self.now >= self._sampled_at + FIGURES_S:
                self._sampled_at = self.now
                self._read_figures()
            self._give_turns()

    def _snapshot(self) -> FleetSnapshot:
        """Add the requests in the dispatcher's queue, as the autoscaler sees a router's."""
        dispatcher = self._dispatcher
        lanes = dispatcher.dispatcher.snapshot(self.now).lanes
        oldest = max(lane.oldest_seconds for lane in lanes if lane.lane is not Lane.BATCH)
        return replace(
            super()._snapshot(), held=dispatcher.dispatcher.waiting, oldest_s=oldest, batch=dispatcher.batch_lane()
        )

    def _read_figures(self) -> None:
        table = self._dispatcher.dispatcher.table
        for endpoint in table.endpoints:
            core = self.replicas.all[int(endpoint.address)].courses[0].engine
            sample = EndpointSample(at=self.now, running=core.running, waiting=core.waiting, kv_usage=core.usage)
            table.apply_sample(endpoint, sample)

    def _leave(self) -> None:
        """Report unfinished requests, including those in the dispatcher's queue."""
        super()._leave()
        for arrival in self._dispatcher.waiting:
            self._observer.left(arrival, None)
            self.totals.left += 1

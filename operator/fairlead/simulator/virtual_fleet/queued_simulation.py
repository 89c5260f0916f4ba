"""A simulation with one router's dispatcher before its engines: requests wait there in lanes, bands and fair queues.

The dispatcher is Fairlead's own. It sees what a router sees: its streams' first and last tokens, and each engine's
sample once a second. Queued requests are dispatched after every event and four times a second, as in the router.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.randomness import RandomSource
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import Refusal, TokenUsage
from fairlead.routing.routing_request import RoutingRequest
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Chosen
from fairlead.simulator.virtual_fleet.observers import SimulationObserver
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation, PeriodicEvent, SimulationEvent

SWEEP_S: Final = 0.25
FIGURES_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineCapacity:
    """The capacity that each engine reports."""

    seats: float = inf
    """Most requests that run at once."""
    kv_tokens: int | None = None


UNKNOWN_CAPACITY: Final = EngineCapacity()


class SimulatedDispatcher:
    """Fairlead's dispatcher, and the mapping of its requests to arrivals of the simulation."""

    def __init__(
        self, desk: Dispatcher, digests: Callable[[str], bytes], batch: Iterable[str] = (), most_output: int = 4096
    ) -> None:
        self.desk = desk
        self._digests = digests
        """Gives the API key digest of the tenant that an arrival's client names."""
        self._batch = frozenset(batch)
        """Clients whose requests go to the batch lane."""
        self._most_output = most_output
        self._asks: dict[int, RoutingRequest] = {}

    def ask(self, arrival: RequestArrival) -> Endpoint | Refusal | None:
        """Submit a request as the router does; returns an endpoint, a refusal, or nothing if it is queued."""
        account = self.desk.account(self._digests(arrival.client or ""))
        if isinstance(account, Refusal):
            return account
        ask = RoutingRequest(
            account=account,
            prompt_tokens=arrival.prompt_tokens,
            output_tokens=self._most_output,
            names_output=False,
            arrived=arrival.time,
            adapter=arrival.adapter,
            batch=arrival.client in self._batch,
            owner=arrival,
        )
        found = self.desk.submit(ask, arrival.time)
        if not isinstance(found, Refusal):
            self._asks[id(arrival)] = ask
        return found

    def turns(self, now: float) -> list[tuple[RequestArrival, Endpoint | Refusal]]:
        """The queued requests that are dispatched or refused now."""
        given: list[tuple[RequestArrival, Endpoint | Refusal]] = []
        for ask, found in self.desk.turns(now):
            arrival = ask.owner
            if not isinstance(arrival, RequestArrival):
                raise TypeError(f"a request of {type(arrival)}; every one here stands for an arrival")
            given.append((arrival, found))
            if isinstance(found, Refusal):
                del self._asks[id(arrival)]
        return given

    @property
    def waiting(self) -> list[RequestArrival]:
        """Requests in the queue, in the order of arrival."""
        return [ask.owner for ask in self._asks.values() if ask.waiting and isinstance(ask.owner, RequestArrival)]

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """The replica that the dispatcher has already chosen."""
        endpoint = self._asks[id(arrival)].endpoint
        if endpoint is None:
            raise TypeError("sent without an engine; the desk names one first")
        ordinal = int(endpoint.address)
        return next(one for one in ready if one.ordinal == ordinal)

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:  # noqa: ARG002  # only its fate counts
        """End the attempt if the engine refused it at once."""
        if not taken:
            self.desk.ended(self._asks.pop(id(arrival)), AttemptEnding.REFUSED, None, arrival.time)

    def began(self, arrival: RequestArrival, now: float) -> None:
        """The first token of a request came."""
        self.desk.first_token(self._asks[id(arrival)], now)

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """The last token of a request came."""
        usage = TokenUsage(prompt_tokens=arrival.prompt_tokens, output_tokens=output_tokens)
        self.desk.ended(self._asks.pop(id(arrival)), AttemptEnding.DONE, usage, now)

    def see(self, ordinals: Sequence[int], size: EngineCapacity) -> None:
        """Update the endpoints as discovery does; a ready replica counts as proved at once."""
        table = self.desk.table
        table.take([DiscoveredEndpoint(pod=f"engine-{one}", address=str(one)) for one in ordinals])
        for endpoint in table.endpoints:
            table.proved(endpoint)
            table.sized(endpoint, size.kv_tokens, size.seats)


class QueuedSimulation(FleetSimulation):
    """One run with a dispatcher before the engines."""

    def __init__(
        self,
        fleet: SimulatedFleet,
        front: SimulatedDispatcher,
        chance: RandomSource,
        observer: SimulationObserver,
        size: EngineCapacity = UNKNOWN_CAPACITY,
    ) -> None:
        super().__init__(fleet, front, chance, observer)
        self._front = front
        self._size = size
        self._known: list[int] = []
        self._told = -inf

    def _happen(self, serial: int, what: SimulationEvent) -> None:
        super()._happen(serial, what)
        self._discover()
        if self._front.desk.waiting:
            self._give_turns()

    def _arrive(self, arrival: RequestArrival) -> None:
        """Submit a request to the dispatcher, which queues it if no engine is available."""
        self._discover()
        self.totals.arrived += 1
        self.totals.prompt_tokens += arrival.prompt_tokens
        self._observer.arrived(arrival)
        found = self._front.ask(arrival)
        if found is not None:
            self._act(arrival, found)

    def _give_turns(self) -> None:
        """Dispatch until nothing more is possible: sending a request may end another one, which makes room."""
        while given := self._front.turns(self.now):
            for arrival, found in given:
                self._act(arrival, found)

    def _act(self, arrival: RequestArrival, found: Endpoint | Refusal) -> None:
        if isinstance(found, Refusal):
            self.totals.refused += 1
            self._observer.refused(arrival, found.message)
        else:
            self._send(arrival)

    def _discover(self) -> None:
        ready = [one.ordinal for one in self.replicas.ready]
        if ready != self._known:
            self._known = ready
            self._front.see(ready, self._size)

    def _come_round(self, what: ScalingHook | PeriodicEvent) -> None:
        super()._come_round(what)
        if what is PeriodicEvent.LOOK:
            if self.now >= self._told + FIGURES_S:
                self._told = self.now
                self._read_figures()
            self._give_turns()

    def _read_figures(self) -> None:
        table = self._front.desk.table
        for endpoint in table.endpoints:
            core = self.replicas.all[int(endpoint.address)].courses[0].engine
            told = EndpointSample(at=self.now, running=core.running, waiting=core.waiting, kv_usage=core.usage)
            table.figures(endpoint, told)

    def _leave(self) -> None:
        """Report unfinished requests, those in the dispatcher's queue included."""
        super()._leave()
        for arrival in self._front.waiting:
            self._observer.left(arrival, None)
            self.totals.left += 1

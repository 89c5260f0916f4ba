"""Fairlead's own endpoint choice before simulated engines: one endpoint table per router, for any number of routers.

Each router knows its own requests with their first and last tokens, and samples every engine once a second. With
`peers` it also has what the others report, over a virtual network; without, routers exchange nothing. There are no
queues: a router sends each request at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.gateways import Balancing
from fairlead.fleet.tenants import Tenant
from fairlead.routing import rendezvous
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.expectations import BLOCK_BYTES
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice as Choice
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Chosen, ReplicaCandidate
from fairlead.simulator.virtual_fleet.peer_network import PeerLinks, PeerNetwork

BALANCING: Final = Balancing()
_UNSIGNED: Final = 2**64 - 1
"""Some of a trace's block ids are negative; a router's own never are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterSettings:
    """The number of routers, and what they know of engines and clients."""

    count: int = 1
    by_session: bool = False
    """Whether all requests of a session reach one router, as over a kept connection; otherwise in turn."""
    named: bool = False
    """Whether clients send their session's name, in `x-session-id` or a field of the body."""
    page_tokens: int = 16
    """Tokens per KV block of the engines."""
    block_pages: int = 8
    """KV blocks of an engine in one prefix block of the routers."""
    kv_tokens: int = 2**19
    """Tokens of each engine's KV cache."""
    figures_s: float = 1.0
    max_output: int = 4096
    """`max_tokens` of every request, since a router does not know the real output length."""
    balancing: Balancing = BALANCING
    peers: PeerLinks | None = None
    """How the routers reach each other."""


@dataclass(slots=True)
class RoutedRequest:
    """A request in flight with its router's table."""

    table: EndpointTable
    request: RoutingRequest


def _unchanged(table: EndpointTable) -> None:
    """Leave the table as the router has it."""


class RouterBalancer:
    """All routers of one fleet as one balancer."""

    def __init__(
        self,
        routers: RouterSettings,
        figures: Callable[[int, float], EndpointSample | None],
        before_choice: Callable[[EndpointTable], None] = _unchanged,
    ) -> None:
        self._routers = routers
        self._figures = figures
        """Samples the engine with this ordinal at this time."""
        self._before_choice = before_choice
        """Updates the table of the router that chooses."""
        self.tables = [self._table() for _ in range(routers.count)]
        self._flights: dict[int, RoutedRequest] = {}
        self._ready: Sequence[ReplicaCandidate] = ()
        """The list of ready replicas that was last seen."""
        self._ordinals: list[int] = []
        self._at: dict[str, int] = {}
        """Positions in that list, by address."""
        self._places: list[tuple[EndpointTable, list[Endpoint]]] = []
        """The engines in every router's table, in the order of that list."""
        self._account = Account(Tenant(name="everybody", keys=()))
        self._next_sample = -inf
        self._turn = 0
        self.network = None if routers.peers is None else PeerNetwork(routers.peers, self.tables, self._fresh)

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Choose by the router that gets this request."""
        now = arrival.time
        if self.network is not None:
            self.network.advance(now)
        if ready is not self._ready:
            self._ready = ready
            self._see([one.ordinal for one in ready])
        if now >= self._next_sample:
            self._next_sample = now + self._routers.figures_s
            self._read_figures(now)
        table = self.tables[self._router(arrival)]
        routing = self._routing_request(arrival)
        self._before_choice(table)
        choice = table.choose(routing, now)
        if not isinstance(choice, Choice):
            raise TypeError(f"no engine for a request: {choice}; there are {len(ready)} ready ones")
        table.charge(routing, choice, now)
        self._flights[id(arrival)] = RoutedRequest(table, routing)
        return ready[self._at[choice.endpoint.address]]

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:  # noqa: ARG002  # unused
        """Remove the request's load if the engine refused it at once."""
        if not taken:
            flight = self._flights.pop(id(arrival))
            flight.table.give_back(flight.request, AttemptEnding.REFUSED, arrival.time)

    def began(self, arrival: RequestArrival, now: float) -> None:
        """Record a request's first token."""
        if self.network is not None:
            self.network.advance(now)
        flight = self._flights[id(arrival)]
        flight.table.first_token(flight.request, now)

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """Record a request's last token."""
        if self.network is not None:
            self.network.advance(now)
        flight = self._flights.pop(id(arrival))
        flight.table.expectations.replied(self._account.name, output_tokens)
        flight.table.give_back(flight.request, AttemptEnding.DONE, now)

    def _routing_request(self, arrival: RequestArrival) -> RoutingRequest:
        routers, blocks = self._routers, arrival.prefix
        if blocks:
            blocks = blocks[routers.block_pages - 1 :: routers.block_pages]
            if self.network is not None:
                blocks = tuple(one & _UNSIGNED for one in blocks)
        return RoutingRequest(
            account=self._account,
            prompt_tokens=arrival.prompt_tokens,
            max_output_tokens=routers.max_output,
            arrived=arrival.time,
            blocks=blocks,
            session=rendezvous.number(arrival.session) if routers.named and arrival.session is not None else 0,
            adapter=arrival.adapter,
        )

    def _router(self, arrival: RequestArrival) -> int:
        if self._routers.by_session and arrival.session is not None:
            return sum(arrival.session.encode()) % len(self.tables)
        if len(self.tables) == 1 and self.network is None:
            return 0
        self._turn += 1
        if self.network is None:
            return self._turn % len(self.tables)
        return self.network.serving[self._turn % len(self.network.serving)]

    def _table(self) -> EndpointTable:
        """Make a table with prefix blocks as long as the trace's, without short queues: requests do not queue here."""
        routers = self._routers
        table = EndpointTable(_ignore_state_change, routers.balancing)
        table.context.routers = routers.count
        table.context.short_queues = False
        table.context.block_tokens = float(routers.block_pages * routers.page_tokens)
        table.expectations.bytes_a_token.value = BLOCK_BYTES / table.context.block_tokens
        return table

    def _fresh(self, place: int) -> EndpointTable:
        """Make a new table for a router that restarts; requests in flight stay with the old one."""
        self.tables[place] = self._table()
        ordinals, self._ordinals = self._ordinals, []
        self._see(ordinals)
        return self.tables[place]

    def _see(self, ordinals: list[int]) -> None:
        if ordinals == self._ordinals:
            return
        self._ordinals = ordinals
        self._at = {str(one): place for place, one in enumerate(ordinals)}
        seen = [DiscoveredEndpoint(pod=f"engine-{one}", address=str(one)) for one in ordinals]
        for table in self.tables:
            table.apply_discovered(seen)
            for endpoint in table.endpoints:
                table.probe_succeeded(endpoint)
                table.sized(endpoint, self._routers.kv_tokens, inf)
        if self.network is not None:
            self.network.follow()
        self._places = []
        for table in self.tables:
            listed = {endpoint.address: endpoint for endpoint in table.endpoints}
            self._places.append((table, [listed[address] for address in self._at]))

    def _read_figures(self, now: float) -> None:
        figures = [self._figures(ordinal, now) for ordinal in self._ordinals]
        for table, endpoints in self._places:
            table.apply_samples([(one, seen) for one, seen in zip(endpoints, figures, strict=True) if seen is not None])


def _ignore_state_change(endpoint: Endpoint) -> None:
    """Do nothing: states change only when replicas come and go, which `_see` handles."""

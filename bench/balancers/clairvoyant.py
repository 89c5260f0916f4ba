"""Fairlead's choice with perfect knowledge: each engine's true cache and true work, and the length of every reply.

The rule and the load bound are the same, so the router's difference from it is the cost of what it does not know.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.prefix import PrefixIndex
from fairlead.simulator.engine.block_pool import CacheListener
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Chosen
from fairlead.simulator.virtual_fleet.router_balancer import RouterBalancer, RouterSettings


class CacheReportingEngine(Protocol):
    """An engine that reports changes of its prefix cache."""

    def listen(self, listener: CacheListener) -> None:
        """Report changes to this listener from now on."""


class TrueCache:
    """One engine's cached blocks by hash, as bits in the index."""

    def __init__(self, index: PrefixIndex, slot: int) -> None:
        self._masks = index.masks
        self._bit = 1 << slot
        self._pages: dict[int, int] = {}
        """Number of blocks by hash: equal text computed twice takes two blocks."""

    def stored(self, names: Sequence[int], parent: int | None) -> None:  # noqa: ARG002  # names are chained already
        """Blocks were stored."""
        for name in names:
            self._pages[name] = self._pages.get(name, 0) + 1
            self._masks[name] = self._masks.get(name, 0) | self._bit

    def removed(self, name: int) -> None:
        """A block was evicted; another one with the same hash may remain."""
        self._pages[name] -= 1
        if self._pages[name]:
            return
        del self._pages[name]
        left = self._masks.pop(name, 0) & ~self._bit
        if left:
            self._masks[name] = left

    def cleared(self) -> None:
        """The whole prefix cache was emptied."""
        for name, pages in list(self._pages.items()):
            for _ in range(pages):
                self.removed(name)


class ClairvoyantBalancer:
    """A router that reads the engines' state."""

    def __init__(self, routers: RouterSettings, engine: Callable[[int], CacheReportingEngine]) -> None:
        self._router = RouterBalancer(routers, lambda _ordinal, _now: None, self._read_engines)
        self._engine = engine
        self._running: dict[int, dict[int, EngineRequest]] = {}
        self._listening: set[int] = set()
        self._places: dict[int, int] = {}
        """The engine of each request in flight."""
        self._index = PrefixIndex(learns=False)
        (only,) = self._router.tables
        only.index = only.context.index = self._index

    def choose(self, arrival: RequestArrival, ready: Sequence[Chosen]) -> Chosen:
        """Choose as a router with these facts."""
        chosen = self._router.choose(arrival, ready)
        self._places[id(arrival)] = chosen.ordinal
        return chosen

    def _read_engines(self, table: EndpointTable) -> None:
        """Set true loads, and listen to each new engine."""
        for endpoint in table.endpoints:
            ordinal = int(endpoint.address)
            if ordinal not in self._listening:
                self._listening.add(ordinal)
                self._engine(ordinal).listen(TrueCache(self._index, endpoint.slot))
            unread = unwritten = 0
            for request in self._running.get(ordinal, {}).values():
                if request.emitted == 0:
                    unread += request.prompt_tokens - request.computed
                unwritten += request.output_tokens - request.emitted
            endpoint.prompt_load, endpoint.reply_load = unread, unwritten

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:
        """Track the engine's own request until it ends."""
        self._router.sent(arrival, request, taken)
        if taken:
            self._running.setdefault(self._places[id(arrival)], {})[request.serial] = request
        else:
            del self._places[id(arrival)]

    def began(self, arrival: RequestArrival, now: float) -> None:
        """Record a request's first token."""
        self._router.began(arrival, now)

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """Remove the requests that have ended."""
        running = self._running[self._places.pop(id(arrival))]
        for serial in [one for one, request in running.items() if request.status is EngineRequestStatus.ENDED]:
            del running[serial]
        self._router.ended(arrival, output_tokens, now)

"""The same choice with nothing to guess: each engine's true cache and true work, and how long every reply will be.

What Fairlead's router loses against it is what it does not know; the rule and the load bound are the same.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.prefix import PrefixIndex
from fairlead.simulator.engine.block_pool import CacheListener
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.router_balancer import RouterBalancer, RouterSettings


class CacheReportingEngine(Protocol):
    """An engine that tells of its cache."""

    def listen(self, listener: CacheListener) -> None:
        """From now on."""


class TrueIndex(PrefixIndex):
    """Written by the engines themselves; what the router would learn is passed over."""

    __slots__ = ()

    def learn(self, blocks: Sequence[int], slot: int) -> None:
        """Nothing: the engine says itself when it has read them."""

    def listener(self, slot: int) -> "TrueCache":
        """For the engine with this bit."""
        return TrueCache(self._masks, 1 << slot)


class TrueCache:
    """One engine's pages, by name, as bits in the index."""

    def __init__(self, masks: dict[int, int], bit: int) -> None:
        self._masks = masks
        self._bit = bit
        self._pages: dict[int, int] = {}
        """By name: equal text computed twice stands on two pages."""

    def stored(self, names: Sequence[int], parent: int | None) -> None:  # noqa: ARG002  # names are chained already
        """More text."""
        for name in names:
            self._pages[name] = self._pages.get(name, 0) + 1
            self._masks[name] = self._masks.get(name, 0) | self._bit

    def removed(self, name: int) -> None:
        """Evicted; its twin may still be there."""
        self._pages[name] -= 1
        if self._pages[name]:
            return
        del self._pages[name]
        left = self._masks.pop(name, 0) & ~self._bit
        if left:
            self._masks[name] = left

    def cleared(self) -> None:
        """All of it."""
        for name, pages in list(self._pages.items()):
            for _ in range(pages):
                self.removed(name)


class ClairvoyantBalancer(RouterBalancer):
    """One router that sees into engines."""

    def __init__(self, routers: RouterSettings, engine: Callable[[int], CacheReportingEngine]) -> None:
        super().__init__(routers, lambda _ordinal, _now: None)
        self._engine = engine
        self._running: dict[int, dict[int, EngineRequest]] = {}
        self._listening: set[int] = set()
        self._index = TrueIndex()
        (self._only,) = self.tables
        self._only.index = self._only.field.index = self._index

    def before_choice(self, table: EndpointTable) -> None:
        """True loads, and an ear at each new engine."""
        for endpoint in table.endpoints:
            ordinal = int(endpoint.address)
            if ordinal not in self._listening:
                self._listening.add(ordinal)
                self._engine(ordinal).listen(self._index.listener(endpoint.slot))
            unread = unwritten = 0
            for request in self._running.get(ordinal, {}).values():
                if request.emitted == 0:
                    unread += request.prompt_tokens - request.computed
                unwritten += request.output_tokens - request.emitted
            endpoint.prompt_load, endpoint.reply_load = unread, unwritten

    def sent(self, arrival: RequestArrival, request: EngineRequest, taken: bool) -> None:
        """Followed from inside until it ends."""
        ordinal = self._place(arrival)
        super().sent(arrival, request, taken)
        if taken:
            self._running.setdefault(ordinal, {})[request.serial] = request

    def ended(self, arrival: RequestArrival, output_tokens: int, now: float) -> None:
        """Whoever has ended has no more to do."""
        running = self._running[self._place(arrival)]
        for serial in [one for one, request in running.items() if request.standing is EngineRequestStatus.ENDED]:
            del running[serial]
        super().ended(arrival, output_tokens, now)

    def _place(self, arrival: RequestArrival) -> int:
        endpoint = self._flights[id(arrival)].ask.endpoint
        assert endpoint is not None
        return int(endpoint.address)

"""A waiting request in the order of its queue, and heaps of requests with equal timeliness."""

from enum import Enum, auto
from heapq import heapify, heappop, heappush
from typing import Final

from fairlead.routing.routing_request import RoutingRequest

STALE: Final = 64
"""Entries of departed requests that a heap may hold in addition to those of waiting ones."""


class Timeliness(Enum):
    """Whether a waiting request can be in time."""

    TIMELY = auto()
    ASIDE = auto()
    """It can, if it starts soon, but would make more than itself late."""
    LATE = auto()
    GONE = auto()
    """It no longer waits."""


class OrderedRequest:
    """One waiting request in the order."""

    __slots__ = ("place", "request", "timeliness", "work")

    def __init__(self, request: RoutingRequest, serial: int, *, first: bool) -> None:
        self.request = request
        self.place = (not first, request.arrived, serial)
        """By deadline: the objective is the same for all."""
        self.timeliness = Timeliness.TIMELY
        self.work = request.uncached + max(request.expected_tokens - request.prompt_tokens, 0)
        """Tokens that an engine computes and writes for it."""


class TimelinessHeap:
    """Requests of one timeliness by a key, the least first; those that lost it are dropped at the top."""

    __slots__ = ("_entries", "_timeliness")

    def __init__(self, timeliness: Timeliness) -> None:
        self._timeliness = timeliness
        self._entries: list[tuple[tuple[float, ...], OrderedRequest]] = []

    def push(self, key: tuple[float, ...], ordered: OrderedRequest, alive: int) -> None:
        """Add one under a unique key; `alive` requests wait in all."""
        if len(self._entries) > 2 * alive + STALE:
            self._entries = [one for one in self._entries if one[1].timeliness is self._timeliness]
            heapify(self._entries)
        heappush(self._entries, (key, ordered))

    def first(self) -> OrderedRequest | None:
        """Return the one with the least key."""
        entries = self._entries
        while entries:
            if entries[0][1].timeliness is self._timeliness:
                return entries[0][1]
            heappop(entries)
        return None

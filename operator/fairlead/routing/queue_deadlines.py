"""When the queue time of each waiting request ends, the earliest first."""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush
from math import inf
from typing import Final

from fairlead.routing.routing_request import RoutingRequest

STALE: Final = 64
"""Deadlines of departed requests that may be kept in addition to those of waiting ones."""


class QueueDeadlines:
    """A heap; requests that do not wait any more are dropped when their deadline comes."""

    __slots__ = ("_heap", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, RoutingRequest]] = []
        self._serial = 0

    def has_stale(self, waiting: int) -> bool:
        """Return whether it should be replaced, because most of it is of requests that left."""
        return len(self._heap) > 2 * waiting + STALE

    def add(self, due: float, request: RoutingRequest) -> None:
        """Add a request's deadline; one without an end needs none."""
        if due < inf:
            self._serial += 1
            heappush(self._heap, (due, self._serial, request))

    def replace(self, deadlines: Iterable[tuple[float, RoutingRequest]]) -> None:
        """Forget all, and take these."""
        self._heap = [(due, place, request) for place, (due, request) in enumerate(deadlines)]
        self._serial = len(self._heap)
        heapify(self._heap)

    def past(self, now: float) -> Iterator[RoutingRequest]:
        """Remove and return requests whose deadline is past, if they still wait."""
        while self._heap and self._heap[0][0] <= now:
            request = heappop(self._heap)[2]
            if request.queue is not None:
                yield request

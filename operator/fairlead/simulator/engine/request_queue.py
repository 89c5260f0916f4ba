"""Waiting requests in the order of admission. Does not decide whether the first is admitted."""

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.engine.settings import SchedulingPolicy


class RequestQueue(Protocol):
    """A queue of waiting requests. Aborted ones are skipped when they reach the front, which saves a search."""

    count: int
    """Waiting requests."""

    def add(self, request: EngineRequest) -> None:
        """Add a new request after those of its priority."""

    def put_back(self, requests: Iterable[EngineRequest]) -> None:
        """Put preempted or skipped requests back in front of the others, in their order."""

    def first(self) -> EngineRequest | None:
        """Return the next request to admit."""

    def pop(self) -> EngineRequest:
        """Remove the first request."""

    def abandon(self) -> None:
        """Count one waiting request less, because it was aborted."""


class FcfsRequestQueue:
    """First come, first served."""

    __slots__ = ("_line", "count")

    def __init__(self) -> None:
        self._line: deque[EngineRequest] = deque()
        self.count = 0

    def add(self, request: EngineRequest) -> None:
        """Append a request."""
        self._line.append(request)
        self.count += 1

    def put_back(self, requests: Iterable[EngineRequest]) -> None:
        """Prepend requests, in their order."""
        back = list(requests)
        self._line.extendleft(reversed(back))
        self.count += len(back)

    def first(self) -> EngineRequest | None:
        """Return the oldest request that has not been aborted."""
        while self._line and self._line[0].status is EngineRequestStatus.ENDED:
            self._line.popleft()
        return self._line[0] if self._line else None

    def pop(self) -> EngineRequest:
        """Remove the request that `first` has just returned."""
        self.count -= 1
        return self._line.popleft()

    def abandon(self) -> None:
        """Count one less; the request stays in the queue until it reaches the front."""
        self.count -= 1


class PriorityRequestQueue:
    """By priority, then arrival, then serial number."""

    __slots__ = ("_heap", "count")

    def __init__(self) -> None:
        self._heap: list[tuple[int, float, int, EngineRequest]] = []
        self.count = 0

    def add(self, request: EngineRequest) -> None:
        """Insert a request by its priority."""
        heapq.heappush(self._heap, (request.priority, request.arrived, request.serial, request))
        self.count += 1

    def put_back(self, requests: Iterable[EngineRequest]) -> None:
        """Insert requests at their old places, since their priorities have not changed."""
        for request in requests:
            self.add(request)

    def first(self) -> EngineRequest | None:
        """Return the request with the lowest priority number that has not been aborted."""
        while self._heap and self._heap[0][-1].status is EngineRequestStatus.ENDED:
            heapq.heappop(self._heap)
        return self._heap[0][-1] if self._heap else None

    def pop(self) -> EngineRequest:
        """Remove the request that `first` has just returned."""
        self.count -= 1
        return heapq.heappop(self._heap)[-1]

    def abandon(self) -> None:
        """Count one less; the request stays in the heap until it reaches the top."""
        self.count -= 1


def queue_for(policy: SchedulingPolicy) -> RequestQueue:
    """Return an empty queue for this policy."""
    return PriorityRequestQueue() if policy is SchedulingPolicy.PRIORITY else FcfsRequestQueue()

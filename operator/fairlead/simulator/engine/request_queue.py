"""Who waits, in the order of admission. Never decides whether the first may enter."""

import heapq
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.engine.settings import SchedulingPolicy


class RequestQueue(Protocol):
    """A line. Who was aborted in it is passed over when it comes to the front, which spares a search."""

    def __len__(self) -> int: ...

    def add(self, request: EngineRequest) -> None:
        """A new one, behind those of its kind."""

    def put_back(self, requests: Iterable[EngineRequest]) -> None:
        """In their order, ahead of the others: preempted, or passed over."""

    def first(self) -> EngineRequest | None:
        """Whose turn it is."""

    def pop(self) -> EngineRequest:
        """The first leaves for good, or to be put back."""

    def abandon(self) -> None:
        """One that waits has ended."""


class FcfsRequestQueue:
    """First come, first served."""

    __slots__ = ("_count", "_line")

    def __init__(self) -> None:
        self._line: deque[EngineRequest] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, request: EngineRequest) -> None:
        """To the end."""
        self._line.append(request)
        self._count += 1

    def put_back(self, requests: Iterable[EngineRequest]) -> None:
        """To the front."""
        back = list(requests)
        self._line.extendleft(reversed(back))
        self._count += len(back)

    def first(self) -> EngineRequest | None:
        """The oldest that still waits."""
        while self._line and self._line[0].standing is EngineRequestStatus.ENDED:
            self._line.popleft()
        return self._line[0] if self._line else None

    def pop(self) -> EngineRequest:
        """Only after `first` has named it."""
        self._count -= 1
        return self._line.popleft()

    def abandon(self) -> None:
        """Stays in the line until it comes to the front."""
        self._count -= 1


class PriorityRequestQueue:
    """By priority, then arrival, then serial number."""

    __slots__ = ("_count", "_heap")

    def __init__(self) -> None:
        self._heap: list[tuple[int, float, int, EngineRequest]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, request: EngineRequest) -> None:
        """Where its priority puts it."""
        heapq.heappush(self._heap, (request.priority, request.arrived, request.serial, request))
        self._count += 1

    def put_back(self, requests: Iterable[EngineRequest]) -> None:
        """Their priority has not changed, and so neither has their place."""
        for request in requests:
            self.add(request)

    def first(self) -> EngineRequest | None:
        """The lowest number that still waits."""
        while self._heap and self._heap[0][-1].standing is EngineRequestStatus.ENDED:
            heapq.heappop(self._heap)
        return self._heap[0][-1] if self._heap else None

    def pop(self) -> EngineRequest:
        """Only after `first` has named it."""
        self._count -= 1
        return heapq.heappop(self._heap)[-1]

    def abandon(self) -> None:
        """Stays in the heap until it comes to the top."""
        self._count -= 1


def queue_for(policy: SchedulingPolicy) -> RequestQueue:
    """The one that this policy keeps."""
    return PriorityRequestQueue() if policy is SchedulingPolicy.PRIORITY else FcfsRequestQueue()

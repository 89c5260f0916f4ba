"""What happens when: events by time, rank and the run's own running number, so that equal times never depend on luck.

Knows nothing of what an event means. The number belongs to the queue, never to a class: a second run in the same
process counts from the same start.
"""

from heapq import heappop, heappush
from math import inf
from typing import Final, Generic, TypeVar

What = TypeVar("What")

ENGINE: Final = 0
"""At equal times an engine moves first: what ends now makes room for what arrives now."""
READY: Final = 1
"""Then a replica that has started, so that what arrives now may use it."""
ARRIVAL: Final = 2
TICK: Final = 3
"""Last whoever looks at all of it: the scaling loop and the gauges."""


class EventQueue(Generic[What]):
    """Adds, cancels and answers the next."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, int, What]] = []
        self._serial = 0
        self._cancelled: set[int] = set()

    def add(self, time: float, rank: int, what: What) -> int:
        """Its number: what `cancel` takes."""
        self._serial += 1
        heappush(self._heap, (time, rank, self._serial, what))
        return self._serial

    def cancel(self, serial: int) -> None:
        """Left where it lies and passed over when its turn comes; only for an event that was not answered yet."""
        self._cancelled.add(serial)

    def next(self, until: float = inf) -> tuple[float, int, int, What] | None:
        """The first event at or before this time, taken out."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            event = heappop(heap)
            if not self._cancelled or event[2] not in self._cancelled:
                return event
            self._cancelled.discard(event[2])
        return None

    def __len__(self) -> int:
        return len(self._heap) - len(self._cancelled)

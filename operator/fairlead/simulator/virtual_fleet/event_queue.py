"""Events in the order of time, rank, order and serial number, so that the order at equal times is deterministic.

It does not know what an event means. Serial numbers belong to the queue, never to a class: a second run in the same
process counts from the same start.
"""

from heapq import heappop, heappush
from math import inf
from typing import Final, Generic, TypeVar

What = TypeVar("What")

ENGINE: Final = 0
"""At equal times engines come first: a request that ends now makes room for one that arrives now."""
READY: Final = 1
"""Then replicas that become ready, so that a request that arrives now may use them."""
ARRIVAL: Final = 2
TICK: Final = 3
"""Events that read the whole state come last: the scaling loop and the observers."""


class EventQueue(Generic[What]):
    """A priority queue of events with cancellation."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, tuple[int, ...], int, What]] = []
        self._serial = 0
        self._cancelled: set[int] = set()

    def add(self, time: float, rank: int, what: What, order: tuple[int, ...] = ()) -> int:
        """Add an event; return its number for `cancel`.

        Events with an order do not depend on when they were added, only on the order.
        """
        self._serial = serial = self._serial + 1
        heappush(self._heap, (time, rank, order, serial, what))
        return serial

    def cancel(self, serial: int) -> None:
        """Cancel a queued event; it stays in the heap and is skipped later."""
        self._cancelled.add(serial)

    def next(self, until: float = inf) -> tuple[float, int, int, What] | None:
        """Remove and return the first event at or before this time."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            at, rank, _, serial, what = heappop(heap)
            if not self._cancelled or serial not in self._cancelled:
                return at, rank, serial, what
            self._cancelled.discard(serial)
        return None

    def __len__(self) -> int:
        return len(self._heap) - len(self._cancelled)

"""Whether a store that failed is asked again: after three failures in a row, every five seconds until it answers."""

from math import inf
from typing import Final

MOST_FAILURES: Final = 3
REST_SECONDS: Final = 5.0


class StoreOutage:
    """The memory of one store's failures."""

    __slots__ = ("_ask_at", "failures")

    def __init__(self) -> None:
        self.failures = 0
        """In a row."""
        self._ask_at = 0.0

    @property
    def over_there(self) -> bool:
        """Whether it is taken to be down."""
        return self.failures >= MOST_FAILURES

    def may_ask(self, now: float) -> bool:
        """Whether to ask it now; while it is down, one asks and the others wait for what becomes of it."""
        if not self.over_there:
            return True
        if now < self._ask_at:
            return False
        self._ask_at = now + REST_SECONDS
        return True

    def failed(self, now: float) -> bool:
        """It did not answer, or not in time. Whether it is taken to be down from now on."""
        self.failures += 1
        self._ask_at = now + REST_SECONDS
        return self.failures == MOST_FAILURES

    def answered(self) -> bool:
        """It is well. Whether it was taken to be down."""
        was, self.failures, self._ask_at = self.over_there, 0, -inf
        return was

"""Whether to try a store that failed: after three failures in a row, once every five seconds until it answers."""

from math import inf
from typing import Final

MAX_FAILURES: Final = 3
REST_SECONDS: Final = 5.0


class StoreOutage:
    """The recent failures of one store."""

    __slots__ = ("_retry_at", "failures")

    def __init__(self) -> None:
        self.failures = 0
        """Consecutive failures."""
        self._retry_at = 0.0

    @property
    def over_there(self) -> bool:
        """Whether the store is considered down."""
        return self.failures >= MAX_FAILURES

    def may_try(self, now: float) -> bool:
        """Whether to try it now; while it is down, one request tries and the others wait for its result."""
        if not self.over_there:
            return True
        if now < self._retry_at:
            return False
        self._retry_at = now + REST_SECONDS
        return True

    def failed(self, now: float) -> bool:
        """Record a failure or time-out; return whether the store is considered down from now on."""
        self.failures += 1
        self._retry_at = now + REST_SECONDS
        return self.failures == MAX_FAILURES

    def answered(self) -> bool:
        """Record an answer; return whether the store was considered down."""
        was, self.failures, self._retry_at = self.over_there, 0, -inf
        return was

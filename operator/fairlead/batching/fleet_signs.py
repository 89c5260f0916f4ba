"""Whether an address is alive: what its replies, and its requests in flight, say about it.

A run ends when attempts fail for long and nothing is answered. A request that waits in the router for longer than
faults take was taken: its fleet is busy, and not lost. One that waits for a first replica is no sign of one. While
nothing is answered, few requests fail for good: the address is then at fault, and not each of them.
"""

from math import inf
from typing import Final

from fairlead.batching.attempt_outcomes import TAKEN_S, Outcome

MAX_IN_A_ROW: Final = 20
"""Requests that may fail by faults with no answer between them."""
_SIGNS: Final = frozenset({Outcome.ANSWERED, Outcome.REFUSED, Outcome.SPENT})
_WITHOUT_SIGN: Final = frozenset({Outcome.FAULT, Outcome.NO_REPLICA})
_MARGIN: Final = 2.0
"""Those of one kind, such as a proxy's time-out or a router's `hold.maxTime`, take about equally long."""


class FleetSigns:
    """The signs of life of one run's address."""

    def __init__(self, give_up_after_s: float) -> None:
        self._max_s = give_up_after_s
        self._begun: dict[int, float] = {}
        self._attempts = 0
        self._failing_since = inf
        self._longest_fault_s = 0.0
        self._failed = 0

    def sent(self, now: float) -> int:
        """Record an attempt; return its number, which `ended` needs."""
        self._attempts += 1
        self._begun[self._attempts] = now
        return self._attempts

    def ended(self, attempt: int, outcome: Outcome, now: float) -> float:
        """Record what became of an attempt; return the seconds that it took."""
        took = now - self._begun.pop(attempt)
        if outcome in _SIGNS or (outcome is Outcome.BUSY and took > TAKEN_S):
            self._failing_since, self._longest_fault_s, self._failed = inf, 0.0, 0
            return took
        self._failing_since = min(self._failing_since, now)
        if outcome in _WITHOUT_SIGN:
            self._longest_fault_s = max(self._longest_fault_s, took)
        return took

    def failed(self) -> None:
        """Record that a request failed for good without a sign of life."""
        self._failed += 1

    def may_fail(self, now: float) -> bool:
        """Whether a request may be the cause of its failures, and not the address."""
        return not self._is_silent(now) and self._failed < MAX_IN_A_ROW

    def is_lost(self, now: float) -> bool:
        """Whether nothing is answered for too long, and no request waits in the router."""
        oldest = now - next(iter(self._begun.values()), now)
        return self._is_silent(now) and oldest <= max(TAKEN_S, _MARGIN * self._longest_fault_s)

    def _is_silent(self, now: float) -> bool:
        return now - self._failing_since > self._max_s

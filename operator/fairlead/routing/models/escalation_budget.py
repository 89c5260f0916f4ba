"""Limits how many of a cascade's requests escalate to a larger target: a share of those of the last minute.

This bounds a route's cost when its small target fails, and the load that then falls on the large one.
"""

from typing import Final

SLOT_SECONDS: Final = 5.0
SLOTS: Final = 12
"""Slots per minute: between 55 and 60 seconds are counted."""


class EscalationBudget:
    """Counts of one route at one router."""

    __slots__ = ("_escalations", "_requests", "_slot")

    def __init__(self) -> None:
        self._requests = [0] * SLOTS
        self._escalations = [0] * SLOTS
        self._slot = 0

    def count_request(self, now: float) -> None:
        """Count a request for the route."""
        self._requests[self._place(now)] += 1

    def maybe_spend(self, share: float, now: float) -> bool:
        """Return whether one more may escalate, and count it. A quiet route has one a minute, unless its share is 0.

        With a share of 1 all may: answers come later than the requests of the minute, and each may escalate again.
        """
        place = self._place(now)
        if share < 1 and (share <= 0 or sum(self._escalations) + 1 > max(1.0, share * sum(self._requests))):
            return False
        self._escalations[place] += 1
        return True

    def _place(self, now: float) -> int:
        """Return the slot of this moment; slots since the last one restart at zero."""
        slot = int(now // SLOT_SECONDS)
        for passed in range(max(self._slot + 1, slot - SLOTS + 1), slot + 1):
            self._requests[passed % SLOTS] = self._escalations[passed % SLOTS] = 0
        self._slot = max(self._slot, slot)
        return self._slot % SLOTS

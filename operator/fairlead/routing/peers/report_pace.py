"""How often a router does what costs more with more peers: at once while it is seldom, and rarer the more there is.

One unit comes in every few milliseconds; each turn takes what it cost, into debt if need be, and the next one waits
until the debt is paid.
"""

from typing import Final

EVERY_SECONDS: Final = 0.005
"""Time in which one unit comes in."""
MAX_SAVED: Final = 20.0
"""Turns after a quiet time that need not wait for each other."""
MAX_DEBT: Final = 50.0
"""What comes in between two full reports, which are sent whatever is owed: to more than 75 peers each costs more."""


class ReportPace:
    """The units that one router has for one kind of work."""

    def __init__(self, now: float) -> None:
        self._left = MAX_SAVED
        self._at = now

    def allows(self, now: float) -> bool:
        """Whether the last turns are paid for."""
        self._left = min(MAX_SAVED, self._left + (now - self._at) / EVERY_SECONDS)
        self._at = now
        return self._left >= 0.0

    def spend(self, cost: float) -> None:
        """Take what a turn cost; the least is one, and no more is owed than a moment brings in."""
        self._left = max(self._left - max(1.0, cost), -MAX_DEBT)

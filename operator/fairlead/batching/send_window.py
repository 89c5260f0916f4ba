"""How many requests may be in flight: more while all are answered, half as many when the fleet refuses one.

As in TCP: until the first refusal each answer adds one, later each whole round of answers does. Requests that were sent
before the last cut say nothing about the window since, so a round of refusals halves it once.
"""

from math import inf
from typing import Final

FIRST: Final = 4


class SendWindow:
    """The window of one run."""

    def __init__(self, most: int, first: int = FIRST) -> None:
        self.most = most
        self._first = float(min(most, first))
        self.limit = self._first
        self.in_flight = 0
        self.resume_at = -inf
        """Nothing is sent before this time."""
        self._round = 0
        self._ramps = True

    def may_send(self, now: float) -> bool:
        """Return whether one more request may be sent."""
        return self.in_flight < int(self.limit) and now >= self.resume_at

    def sent(self) -> int:
        """Count a request; return its round, which `refused` needs."""
        self.in_flight += 1
        return self._round

    def answered(self) -> None:
        """Record an answer."""
        self.in_flight -= 1
        self.limit = min(self.most, self.limit + (1.0 if self._ramps else 1.0 / self.limit))

    def ended(self) -> None:
        """Record a request that ended without saying anything about the load."""
        self.in_flight -= 1

    def pause(self, until: float) -> None:
        """Send nothing before `until`, as a reply elsewhere asked for."""
        self.resume_at = max(self.resume_at, until)

    def unreachable(self, until: float) -> None:
        """Record that no connection could be made: send nothing before `until`, then begin anew."""
        self.in_flight -= 1
        self.pause(until)
        self.limit = min(self.limit, self._first)
        self._ramps = True

    def refused(self, sent_in: int, until: float) -> None:
        """Record a refusal: send fewer, and nothing before `until`."""
        self.in_flight -= 1
        self.pause(until)
        if sent_in == self._round:
            self._round += 1
            self._ramps = False
            self.limit = max(1.0, self.limit / 2)

"""How many of a busy share's requests a router keeps for the comparison: some of each minute, whatever the rate.

Were the first ones kept, a busy router's list would be full before the new revision's cache is warm, and a later
failure in none of them. Requests are left out by a hash that knows neither side nor outcome, and of both sides at the
same moment: so the comparison stays valid. They are not left out by conversation, since a few large ones may be all the
traffic, as where every prompt begins with the same system prompt.
"""

from typing import Final

from fairlead.routing import revision_split

A_MINUTE: Final = 300
"""Requests of both sides, while latencies are compared."""
FULL_MINUTES: Final = 10
LATER: Final = 1500
"""Divided by the minute's number: enough to notice faults, and so few that a list lasts three days."""
LEAST: Final = 2
_QUIET: Final = 4
"""A minute with less than this part of its number lets twice as many requests in."""
_MINUTE_S: Final = 60.0
_MICROSECONDS: Final = 1_000_000
_SALT: Final = "samples"


def of_minute(minute: int) -> int:
    """Return the requests to keep of a minute, the first being number 0."""
    return A_MINUTE if minute < FULL_MINUTES else max(LEAST, LATER // minute)


class KeptPerMinute:
    """The requests of one share at one router, counted by minute."""

    __slots__ = ("_began", "_halvings", "_kept", "_limit", "_minute")

    def __init__(self) -> None:
        self._began: float | None = None
        self._minute = 0
        self._kept = 0
        self._limit = of_minute(0)
        self._halvings = 0
        """Requests are kept if they are in this power of one half."""

    def admits(self, conversation: int, wall: float) -> bool:
        """Count and admit a request that ended at `wall`, unless it is one of those that are left out now."""
        self._advance(wall)
        request = conversation ^ int(wall * _MICROSECONDS)
        if not self._is_in(request):
            return False
        if self._kept >= self._limit:
            self._halvings += 1
            self._limit += of_minute(self._minute)
            if not self._is_in(request):
                return False
        self._kept += 1
        return True

    def _is_in(self, request: int) -> bool:
        return revision_split.is_within(request, _SALT, 0.5**self._halvings)

    def _advance(self, wall: float) -> None:
        if self._began is None:
            self._began = wall
        minute = max(self._minute, int((wall - self._began) // _MINUTE_S))
        if minute == self._minute:
            return
        if self._kept * _QUIET < of_minute(self._minute):
            self._halvings = max(0, self._halvings - (minute - self._minute))
        self._minute, self._kept, self._limit = minute, 0, of_minute(minute)

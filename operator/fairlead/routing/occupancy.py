"""How much of the fleet is in use: what lanes that may only take a part of it are measured by.

Looked at every so often, not for each request: what has become more since is added, so that a second of waiting for
figures is not a second without a limit.
"""

from collections.abc import Iterable
from math import inf

from fairlead.routing.endpoint import Endpoint


class Occupancy:
    """Of all routable endpoints together."""

    __slots__ = ("_at", "_then", "cache", "endpoints", "kv_tokens", "others", "seats", "tokens")

    def __init__(self) -> None:
        self._at = 0.0
        self.endpoints = 0
        self.seats = inf
        """Requests that run at once."""
        self.others = 0.0
        """Requests there that are not ours."""
        self.cache = 0.0
        """Share of the KV cache in use, by the engines' figures; on average over those that told any."""
        self.kv_tokens = 0
        """What the caches hold together; 0 where it is not known."""
        self.tokens = 0
        """What our own requests under way are expected to take, prompts and replies."""
        self._then = 0
        """The same when the figures came: they hold it already."""

    def look(self, routable: Iterable[Endpoint]) -> None:
        """Once every sweep, and when endpoints come or go."""
        self.endpoints, self.seats, self.others, self.kv_tokens = 0, 0.0, 0.0, 0
        usage, told, newest = 0.0, 0, 0.0
        for one in routable:
            self.endpoints += 1
            self.seats += one.most_requests
            self.kv_tokens += one.kv_tokens or 0
            figures = one.figures
            if figures is not None:
                told += 1
                usage += figures.kv_usage
                newest = max(newest, figures.at)
                self.others += max(figures.running + figures.waiting - one.inflight, 0.0)
        self.cache = usage / told if told else 0.0
        if newest > self._at:
            self._at, self._then = newest, self.tokens

    def used(self, inflight: int) -> float:
        """Share of the fleet, with so many of our own under way: by seats or by cache, whichever is scarcer."""
        seats = (inflight + self.others) / self.seats if self.seats else 1.0
        since = max(self.tokens - self._then, 0)
        cache = self.cache + (since / self.kv_tokens if self.kv_tokens else 0.0)
        return max(seats, cache)

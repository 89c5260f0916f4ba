"""How much of the fleet is in use, for lanes and bands that may take only a part of it.

Read from samples periodically, not for each request; tokens sent since the latest sample are added, so that the limit
holds until the next one.
"""

from collections.abc import Iterable
from math import inf

from fairlead.routing.endpoint import Endpoint
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenant_occupancy import TenantOccupancy


class Occupancy:
    """Occupancy of all routable endpoints together."""

    __slots__ = ("_at", "_then", "cache", "endpoints", "kv_tokens", "others", "slots", "tenants", "tokens")

    def __init__(self) -> None:
        self._at = 0.0
        self.endpoints = 0
        self.slots = inf
        """Requests that the engines run at once."""
        self.others = 0.0
        """Requests at the engines that are not from this router."""
        self.cache = 0.0
        """Share of the KV cache in use by the engines' samples; the mean over those that have one."""
        self.kv_tokens = 0
        """Tokens that the KV caches hold together; 0 if unknown."""
        self.tokens = 0
        """Tokens that this router's requests in flight are expected to take, prompts and replies."""
        self.tenants = TenantOccupancy()
        self._then = 0
        """`tokens` at the latest sample, which includes them."""

    def observe(self, routable: Iterable[Endpoint]) -> None:
        """Recompute from the endpoints: on every sweep, and when endpoints come or go."""
        self.endpoints, self.slots, self.others, self.kv_tokens = 0, 0.0, 0.0, 0
        usage, sampled, newest = 0.0, 0, 0.0
        for one in routable:
            self.endpoints += 1
            self.slots += one.max_sequences
            self.kv_tokens += one.kv_tokens or 0
            figures = one.sample
            if figures is not None:
                sampled += 1
                usage += figures.kv_usage
                newest = max(newest, figures.at)
                self.others += max(figures.running + figures.waiting - one.inflight, one.peers_inflight)
        self.cache = usage / sampled if sampled else 0.0
        if newest > self._at:
            self._at, self._then = newest, self.tokens

    def charge(self, request: RoutingRequest, tokens: int) -> None:
        """Add tokens sent to an engine; negative when their request ended."""
        self.tokens += tokens
        if request.tenant_use is not None:
            request.tenant_use.charge(tokens)

    def used(self, inflight: int) -> float:
        """Return the share of the fleet in use with our requests in flight: of sequence slots or KV cache, whichever is
        scarcer."""
        slots = (inflight + self.others) / self.slots if self.slots else 1.0
        since = max(self.tokens - self._then, 0)
        cache = self.cache + (since / self.kv_tokens if self.kv_tokens else 0.0)
        return max(slots, cache)

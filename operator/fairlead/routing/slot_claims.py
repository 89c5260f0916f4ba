"""Which adapters of one deployment wait for a slot, and at which engine.

An adapter waits where the fewest others do and the fewest requests have to end. Its claim is renewed repeatedly while
it waits; one that is not has lost its requests, and lapses.
"""

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from fairlead.fleet.endpoints import EndpointState
from fairlead.routing.endpoint import Endpoint

LAPSES_SECONDS: Final = 1.0
"""Four sweeps of the queue."""


class _Claim(NamedTuple):
    endpoint: Endpoint
    renewed_at: float


class SlotClaims:
    """The claims of one router on the engines of one deployment."""

    __slots__ = ("_changed", "_claims")

    def __init__(self, changed: Callable[[Endpoint], None]) -> None:
        """`changed` is called with an engine that has something to report."""
        self._changed = changed
        self._claims: dict[str, _Claim] = {}

    @property
    def waiting(self) -> int:
        """Adapters that wait."""
        return len(self._claims)

    def wait(self, adapter: str, endpoints: Iterable[Endpoint], now: float) -> None:
        """Claim a slot, or renew the claim, for an adapter whose request found no room at these engines."""
        before = self._claims.get(adapter)
        if before is None or not _serves(before.endpoint, adapter):
            self.end(adapter, now)
            serving = [one for one in endpoints if _serves(one, adapter)]
            if not serving or any(one.slots.has(adapter) for one in serving):
                return
            endpoint = min(serving, key=_crowd)
        else:
            endpoint = before.endpoint
        self._claims[adapter] = _Claim(endpoint, now)
        if endpoint.slots.wait(adapter, now):
            self._changed(endpoint)

    def end(self, adapter: str, now: float) -> None:
        """End the claim of an adapter that has a slot anywhere, or no longer waits."""
        found = self._claims.pop(adapter, None)
        if found is not None:
            found.endpoint.slots.wait_no_more(adapter, now)
            self._changed(found.endpoint)

    def lapse(self, now: float) -> None:
        """End the claims that were not renewed."""
        for adapter, one in list(self._claims.items()):
            if now - one.renewed_at >= LAPSES_SECONDS:
                self.end(adapter, now)


def _serves(endpoint: Endpoint, adapter: str) -> bool:
    return endpoint.state is EndpointState.ROUTABLE and adapter in endpoint.adapters


def _crowd(endpoint: Endpoint) -> tuple[tuple[int, int], int]:
    return endpoint.slots.crowd, endpoint.last_pick

"""The table of engines: what state each is in, why, and how many requests it carries. Does no I/O.

Every change of state is told to one listener, which wakes who waits and probes who must be proved.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fairlead.fleet.endpoints import EndpointState
from fairlead.router.source import Seen

MOST_FAILURES: Final = 3
"""So many failed requests in a row, and an engine is proved anew before it gets another."""


UNPROVED: Final = frozenset({EndpointState.PROBING, EndpointState.EJECTED})
"""It must produce one token for us before it gets requests: it is new, or it was routable and failed."""


@dataclass(slots=True, eq=False)
class Endpoint:
    """One engine."""

    pod: str
    address: str
    state: EndpointState = EndpointState.NOT_READY
    reason: str = ""
    inflight: int = 0
    failures: int = 0
    """Failed requests in a row."""
    last_pick: int = 0
    """When it was last chosen, as a running number."""
    listed: bool = True

    @property
    def told(self) -> dict[str, str | int]:
        """As `GET /fairlead/v1/endpoints` shows it."""
        return {
            "pod": self.pod,
            "address": self.address,
            "state": self.state.value,
            "inflight": self.inflight,
            "reason": self.reason,
        }


class Table:
    """All engines of one router."""

    def __init__(self, changed: Callable[[Endpoint], None]) -> None:
        self.complete = False
        """Whether a source told its whole list once."""
        self._changed = changed
        self._endpoints: dict[tuple[str, str], Endpoint] = {}
        self._picks = 0

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every engine, those that went but still carry requests included."""
        return tuple(self._endpoints.values())

    def holds(self, endpoint: Endpoint) -> bool:
        """Whether it is still one of ours."""
        return self._endpoints.get((endpoint.pod, endpoint.address)) is endpoint

    def take(self, seen: Collection[Seen]) -> None:
        """The whole list, as its source tells it now; an engine that is not on it drains and is forgotten."""
        self.complete = True
        told = {(one.pod, one.address): one for one in seen}
        for key, endpoint in list(self._endpoints.items()):
            if key not in told:
                endpoint.listed = False
                self._set(endpoint, EndpointState.DRAINING, "no longer listed")
                self._maybe_forget(endpoint)
        for key, one in told.items():
            endpoint = self._endpoints.setdefault(key, Endpoint(one.pod, one.address))
            endpoint.listed = True
            self._see(endpoint, one)

    def _see(self, endpoint: Endpoint, one: Seen) -> None:
        if one.ending:
            self._set(endpoint, EndpointState.DRAINING, "being deleted")
        elif not one.ready:
            self._set(endpoint, EndpointState.NOT_READY, "not ready by its own probe")
        elif endpoint.state in (EndpointState.NOT_READY, EndpointState.DRAINING):
            endpoint.failures = 0
            self._set(endpoint, EndpointState.PROBING, "not proved yet")

    def pick(self, tried: Collection[Endpoint] = ()) -> Endpoint | None:
        """The routable engine with the fewest requests, the one that waited longest among equals.

        One that failed this very request is asked again only when there is no other.
        """
        routable = [one for one in self._endpoints.values() if one.state is EndpointState.ROUTABLE]
        fresh = [one for one in routable if one not in tried]
        chosen = min(fresh or routable, key=lambda one: (one.inflight, one.last_pick), default=None)
        if chosen is not None:
            self._picks += 1
            chosen.last_pick = self._picks
        return chosen

    @contextmanager
    def carrying(self, endpoint: Endpoint) -> Iterator[None]:
        """One request more on this engine, until the block ends; the only place that counts."""
        endpoint.inflight += 1
        try:
            yield
        finally:
            endpoint.inflight -= 1
            self._maybe_forget(endpoint)

    def served(self, endpoint: Endpoint) -> None:
        """It answered well."""
        endpoint.failures = 0

    def failed(self, endpoint: Endpoint, reason: str, *, at_once: bool = False) -> None:
        """It failed a request; at once when it cannot serve the next one either."""
        endpoint.failures += 1
        if endpoint.state is EndpointState.ROUTABLE and (at_once or endpoint.failures >= MOST_FAILURES):
            self._set(endpoint, EndpointState.EJECTED, reason)

    def proved(self, endpoint: Endpoint) -> None:
        """It produced a token for us."""
        if endpoint.state in UNPROVED:
            endpoint.failures = 0
            self._set(endpoint, EndpointState.ROUTABLE, "")

    def doubted(self, endpoint: Endpoint, reason: str) -> None:
        """It did not; people see why."""
        if endpoint.state in UNPROVED:
            endpoint.reason = reason

    def _set(self, endpoint: Endpoint, state: EndpointState, reason: str) -> None:
        before, endpoint.state, endpoint.reason = endpoint.state, state, reason
        if before is not state:
            self._changed(endpoint)

    def _maybe_forget(self, endpoint: Endpoint) -> None:
        if not endpoint.listed and endpoint.inflight == 0 and self.holds(endpoint):
            del self._endpoints[(endpoint.pod, endpoint.address)]

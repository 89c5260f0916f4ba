"""The table of engines: what state each is in, why, and how many requests it carries. Does no I/O.

Every change of state is told to one listener, which wakes who waits and probes who must be proved.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fairlead.router.source import Seen

MOST_FAILURES: Final = 3
"""So many failed requests in a row, and an engine is proved anew before it gets another."""


class State(StrEnum):
    """Whether requests go there, and if not, what has to happen first."""

    NOT_READY = "notReady"
    PROBING = "probing"
    """Ready by its own word; it must produce one token for us."""
    ROUTABLE = "routable"
    DRAINING = "draining"
    EJECTED = "ejected"
    """It was routable and failed; proved again like a new one."""


UNPROVED: Final = frozenset({State.PROBING, State.EJECTED})


@dataclass(slots=True, eq=False)
class Endpoint:
    """One engine."""

    pod: str
    address: str
    state: State = State.NOT_READY
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
                self._set(endpoint, State.DRAINING, "no longer listed")
                self._maybe_forget(endpoint)
        for key, one in told.items():
            endpoint = self._endpoints.setdefault(key, Endpoint(one.pod, one.address))
            endpoint.listed = True
            self._see(endpoint, one)

    def _see(self, endpoint: Endpoint, one: Seen) -> None:
        if one.ending:
            self._set(endpoint, State.DRAINING, "being deleted")
        elif not one.ready:
            self._set(endpoint, State.NOT_READY, "not ready by its own probe")
        elif endpoint.state in (State.NOT_READY, State.DRAINING):
            endpoint.failures = 0
            self._set(endpoint, State.PROBING, "not proved yet")

    def pick(self, tried: Collection[Endpoint] = ()) -> Endpoint | None:
        """The routable engine with the fewest requests, the one that waited longest among equals.

        One that failed this very request is asked again only when there is no other.
        """
        routable = [one for one in self._endpoints.values() if one.state is State.ROUTABLE]
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
        if endpoint.state is State.ROUTABLE and (at_once or endpoint.failures >= MOST_FAILURES):
            self._set(endpoint, State.EJECTED, reason)

    def proved(self, endpoint: Endpoint) -> None:
        """It produced a token for us."""
        if endpoint.state in UNPROVED:
            endpoint.failures = 0
            self._set(endpoint, State.ROUTABLE, "")

    def doubted(self, endpoint: Endpoint, reason: str) -> None:
        """It did not; people see why."""
        if endpoint.state in UNPROVED:
            endpoint.reason = reason

    def _set(self, endpoint: Endpoint, state: State, reason: str) -> None:
        before, endpoint.state, endpoint.reason = endpoint.state, state, reason
        if before is not state:
            self._changed(endpoint)

    def _maybe_forget(self, endpoint: Endpoint) -> None:
        if not endpoint.listed and endpoint.inflight == 0 and self.holds(endpoint):
            del self._endpoints[(endpoint.pod, endpoint.address)]

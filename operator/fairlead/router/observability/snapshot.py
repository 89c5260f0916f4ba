"""The router's state at a scrape: the few figures of other packages that metrics show, as protocols."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from fairlead.fleet.tenants import Lane
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import RefusalReason


class LaneView(Protocol):
    """One lane, as `routing.queue_snapshot` summarizes it."""

    @property
    def lane(self) -> Lane: ...
    @property
    def waiting(self) -> int: ...

    @property
    def oldest_seconds(self) -> float: ...


class AccountView(Protocol):
    """One tenant, as `routing.accounts` counts it."""

    @property
    def name(self) -> str: ...

    inflight: int
    queued: int
    over_concurrency: int
    shadowed: dict[RefusalReason, int]


class CacheCountersView(Protocol):
    """Counters of the response cache."""

    hits: int
    misses: int
    joined: int
    stored: int
    evicted: int
    expired: int
    promoted: int
    scattered: int

    @property
    def passed(self) -> Mapping[Any, int]:
        """By reason, a closed enum of its own; likewise below."""

    @property
    def refused(self) -> Mapping[Any, int]: ...


class SharedStoreCountersView(Protocol):
    """Counters of the store that routers share."""

    hits: int
    misses: int
    slow: int
    errors: int
    busy: int
    dropped: int
    written: int


class CacheView(Protocol):
    """The response cache."""

    @property
    def counts(self) -> CacheCountersView: ...
    @property
    def entries(self) -> int: ...
    @property
    def bytes(self) -> int: ...


@dataclass(slots=True, kw_only=True)
class RouterSnapshot:
    """Built at a scrape and discarded after it."""

    endpoints: Sequence[Endpoint] = ()
    lanes: Sequence[LaneView] = ()
    accounts: Sequence[AccountView] = ()
    held: int = 0
    """Waiting requests for which no replica is routable."""
    cache: CacheView | None = None
    shared: SharedStoreCountersView | None = None
    upstream_idle: int = 0
    clients: int = 0
    draining: bool = False
    lines: Mapping[str, int] | None = None
    """Access lines and traces by fate; filled in by `TelemetryRecorder`."""
    traces: Mapping[str, int] | None = None

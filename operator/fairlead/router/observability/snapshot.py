"""The router's state at a scrape: the figures of other packages that metrics show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.accounting.task_outcomes import ModelFigures, ModelKey
from fairlead.router.cache.counters import CacheCounters, RedisStoreCounters
from fairlead.routing.accounts import Account, zeroes
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.queue_snapshot import LaneSnapshot
from fairlead.routing.reasons import RefusalReason


class CacheView(Protocol):
    """The response cache."""

    counts: CacheCounters

    @property
    def entries(self) -> int: ...
    @property
    def bytes(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PeersSnapshot:
    """This router's view of its peers."""

    live: int = 0
    silent: int = 0
    together: bool = False
    age_seconds: float = 0.0
    """Age of the latest report from the peer that was silent for longest."""
    datagrams: Mapping[str, int] = field(default_factory=dict)
    """By result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """One tenant's budget in the current period, as this router enforces it."""

    tenant: str
    most: float
    spent: float
    """By all routers if they share a counter."""


@dataclass(slots=True, kw_only=True)
class RouterSnapshot:
    """Built at a scrape and discarded after it."""

    endpoints: Sequence[Endpoint] = ()
    pods: Mapping[Endpoint, str] = field(default_factory=dict)
    """Names for pods not shown by their own, since another namespace may have one of the same name."""
    lanes: Sequence[LaneSnapshot] = ()
    accounts: Sequence[Account] = ()
    shadowed: Mapping[RefusalReason, int] = field(default_factory=zeroes)
    """Requests over limits that are not enforced, of all tenants since the start."""
    idle: Mapping[str, float] = field(default_factory=dict)
    """Cost of idle time, by target whose price is known."""
    budgets: Sequence[BudgetUse] = ()
    tasks: Mapping[ModelKey, ModelFigures] = field(default_factory=dict)
    """Outcomes of tasks, by the target and revision that they began at."""
    held: int = 0
    """Waiting requests without a routable replica."""
    adapters_waiting: int = 0
    """Adapters whose requests wait for a slot, counted per target."""
    cache: CacheView | None = None
    counters: RedisStoreCounters | None = None
    peers: PeersSnapshot | None = None
    """None if routers report nothing to each other."""
    upstream_idle: int = 0
    clients: int = 0
    draining: bool = False
    lines: Mapping[str, int] | None = None
    """Access lines and traces by result, if there are any."""
    traces: Mapping[str, int] | None = None

    def add_outputs(self, lines: Mapping[str, int] | None, traces: Mapping[str, int] | None) -> None:
        """Add what the outputs of `TelemetryRecorder` count themselves."""
        self.lines = lines
        self.traces = traces

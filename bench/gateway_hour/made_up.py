"""What the hour simulates: replicas and their prices, and routers of which only the accounting is real."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, Final, Protocol, cast

from fairlead.accounting.token_rates import HOUR, MILLION, TokenRates
from fairlead.accounting.usage_ledger import IDLE
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.request_bill import RequestBill
from fairlead.router.spending_accounts import RouterSpending
from fairlead.router.target_costs import TargetCosts
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.routing_request import RoutingRequest

NOON: Final = 1_800_000_000.0
SMALL, LARGE, OUTSIDE = "ns/small", "ns/large", "external/big"
CHANGED_AT: Final = 1800.0
PRICES: Final = {SMALL: (2.10, 2.73), LARGE: (8.40, 8.40)}
"""Of a replica for an hour, before the change and after it."""
THERE: Final = {
    (SMALL, "s-0"): (0.0, HOUR),
    (SMALL, "s-1"): (0.0, 2711.4),
    (SMALL, "s-2"): (1203.7, HOUR),
    (LARGE, "l-0"): (0.0, HOUR),
    (LARGE, "l-1"): (0.0, HOUR),
}
"""When each replica existed."""


class Moment(Protocol):
    """The hour, as a router sees it."""

    now: float

    @property
    def running(self) -> dict[str, int]:
        """Requests at each replica, from all routers."""


def truth() -> float:
    """What the replicas cost."""
    found = 0.0
    for (target, _), (since, until) in THERE.items():
        before, after = PRICES[target]
        late = max(0.0, until - max(since, CHANGED_AT))
        found += ((until - since - late) * before + late * after) / HOUR
    return found


@dataclass(slots=True)
class MadeUpTarget:
    """A target as its bills see it: its costs, and the replicas that its router has discovered."""

    name: str
    costs: TargetCosts
    external: object = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    @property
    def dispatcher(self) -> Any:  # noqa: ANN401 - as much of a dispatcher as money needs
        """Its table; requests without a maximum are estimated."""
        return SimpleNamespace(table=SimpleNamespace(endpoints=tuple(self.endpoints.values())), fill_in=None)

    @property
    def as_target(self) -> EngineTarget:
        """Cast it for the router's objects."""
        return cast("EngineTarget", self)


@dataclass(slots=True, eq=False)
class MadeUpRequest:
    """One request at one router."""

    router: "MadeUpRouter"
    routing: RoutingRequest
    record: RequestRecord
    streams: bool
    received: Any
    surface: Surface = Surface.CHAT
    text_bytes: int = 2000
    attempts: int = 0
    pods: list[str] = field(default_factory=list)
    """Pods where it is in flight."""
    over: bool = False

    @property
    def bill(self) -> RequestBill:
        """The bill, made when the request arrives."""
        return self.router.bills[id(self)]


class MadeUpRouter:
    """One router's counters."""

    def __init__(self, hour: Moment, routers: int) -> None:
        clock = SimpleNamespace(wall=lambda now: NOON + now)
        self.spending = RouterSpending(cast("TelemetryRecorder", clock))
        outside = TokenRates(prompt=2.0 / MILLION, output=8.0 / MILLION)
        self.targets = {name: MadeUpTarget(name, TargetCosts()) for name in PRICES}
        self.targets[OUTSIDE] = MadeUpTarget(OUTSIDE, TargetCosts(outside), external=True)
        self.targets[OUTSIDE].endpoints = {OUTSIDE: Endpoint(OUTSIDE, "api:443", 0)}
        self.bills: dict[int, RequestBill] = {}
        for name, (price, _) in PRICES.items():
            self.targets[name].costs.apply(price, routers, hour.now)

    def observe(self, hour: Moment) -> None:
        """Once a second: observe the pods and what engines report, and account for the elapsed time."""
        for (name, pod), (since, until) in THERE.items():
            found = self.targets[name].endpoints
            if not since <= hour.now < until:
                found.pop(pod, None)
            elif pod not in found:
                found[pod] = Endpoint(pod, f"{pod}:8000", 0, revision="r1")
        for target in self.targets.values():
            for pod, endpoint in target.endpoints.items():
                running = float(hour.running[pod])
                endpoint.sample = EndpointSample(at=hour.now, running=running, waiting=0.0, kv_usage=0.1)
        self.spending.sweep([one.as_target for one in self.targets.values()], hour.now)

    def internal(self) -> tuple[float, float]:
        """Money for requests at replicas and for idle time, by the ledger."""
        rows = list(self.spending.ledger.rows())
        idle = sum(row.cost for key, row in rows if key.route == IDLE)
        return sum(row.cost for key, row in rows if not key.external) - idle, idle

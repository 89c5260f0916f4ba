"""What routers report about their endpoints, and so whether requests really reach a replica."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.traffic_shares import TrafficShare

NOT_PROBED: Final = "not proved yet"
"""Reason of an endpoint that is new to a router: no probe of it has failed so far."""


class EndpointState(StrEnum):
    """What a router does with an engine."""

    ROUTABLE = "routable"
    PROBING = "probing"
    """It failed before; the router probes it with single requests."""
    DRAINING = "draining"
    """No new requests; those in flight run on."""
    EJECTED = "ejected"
    """It failed too often; the router sends it no requests for a while."""
    NOT_READY = "notReady"
    UNKNOWN = "unknown"
    """A state that only a newer router has; counted as not routable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterEndpoint:
    """One engine, as one router sees it."""

    pod: str
    address: str
    """IP and port."""
    state: EndpointState
    inflight: int
    """This router's requests in flight at the engine."""
    reason: str = ""
    """Why it is not routable, as the router reports it."""
    hung_seconds: float | None = None
    """How long it has taken requests or probes and answered none; None: it does not hang, or an older router does not
    report it."""
    idle_seconds: float | None = None
    """How long this router has sent it nothing and seen no sign of life, after it used it before; None: it uses it,
    never did, or does not report it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourSpend:
    """Cost of a deployment in the last full hour (UTC), by one router: its requests, and its share of idle time."""

    cost: float = 0.0
    tokens: int = 0
    """Of prompts and answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantUse:
    """What one router serves for a tenant now, and has served in the last minute."""

    running: int = 0
    waiting: int = 0
    requests: int = 0
    tokens: int = 0
    spent: float = 0.0
    """Spent of the current period's budget, including reservations."""
    shared: bool = False
    """Whether `spent` covers all routers, by their shared counter; otherwise only this router."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterReport:
    """What one router reports about one deployment."""

    endpoints: tuple[RouterEndpoint, ...] = ()
    hour: HourSpend | None = None
    """None where nothing has a price."""
    share: TrafficShare | None = None
    """A new revision's share of the traffic at this router."""
    tenants: Mapping[str, TenantUse] = field(default_factory=dict)
    """What its tenants use, if it is a deployment's own router."""
    waiting: int = 0
    """Requests in its queue, for which no engine is chosen yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayReport:
    """What one router of a gateway reports about everything that it serves."""

    targets: Mapping[str, tuple[RouterEndpoint, ...]]
    """By target name, namespace/name."""
    tenants: Mapping[str, TenantUse]
    retiring: frozenset[str] = frozenset()
    """Targets that its configuration no longer names, and whose last requests have not ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredEndpoint:
    """One endpoint as discovery found it, before the first request or probe."""

    pod: str
    address: str
    """Host and port."""
    ready: bool = True
    ending: bool = False
    """Its pod is being deleted: requests in flight may finish, and no new one is sent."""
    asleep: bool = False
    """It sleeps or is about to: requests in flight may finish, and a new one would hang until the engine wakes."""
    revision: str = ""
    kind: EngineKind | None = None
    """None if unknown; the configuration then names it."""
    adapters: frozenset[str] = frozenset()
    """Adapters that it can serve in addition to its base model."""


EndpointsCallback = Callable[[tuple[DiscoveredEndpoint, ...]], None]
"""Called with the whole list whenever it changes; the first call means that the source is complete."""

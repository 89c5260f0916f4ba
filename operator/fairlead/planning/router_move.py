"""Which routers serve a deployment while it moves between its own and a gateway's, and in which order they change.

The side that takes over serves before the other one is removed. The state is kept in the gateways that the engines
admit: a gateway sends requests to a deployment as long as it is admitted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.endpoints import EndpointState, RouterReport
from fairlead.fleet.gateways import GatewayReference

RouterReports = Sequence[RouterReport | None]
"""The reports of all ready routers; None: no answer."""


class MovePhase(StrEnum):
    """Phase of a deployment's move between its own routers and a gateway's."""

    OWN = "Own"
    """Its own routers serve it, and no gateway does."""
    JOINING = "Joining"
    """Its own routers stay as they are until the gateway's accept requests for it."""
    JOINED = "Joined"
    """The gateway's routers serve it, and it has none of its own."""
    LEAVING = "Leaving"
    """A gateway's routers serve it until its own do."""
    SETTLING = "Settling"
    """Its own routers serve it; the gateway's still may, for clients that have not noticed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts:
    """What is known about both sides."""

    gateway: GatewayReference | None
    """The gateway of the spec; None: a router of its own."""
    admitted: tuple[GatewayReference, ...] = ()
    """Gateways that its engines admit now."""
    has_own: bool = False
    """Whether its own routers exist."""
    own_drains: bool = False
    """Whether pods of its own routers are left that may still send requests to its engines."""
    own_serves: bool = False
    own_seconds: float = 0.0
    """How long its own routers have been ready."""
    gateway_serves: bool = False
    settle_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterMove:
    """Which routers there should be now."""

    phase: MovePhase = MovePhase.OWN
    admitted: tuple[GatewayReference, ...] = ()
    own_admitted: bool = True
    """Whether its own routers may send requests to its engines: a router that drains still takes some."""
    wait_seconds: float | None = None
    """When to check again, even if nothing happens until then."""


def next_move(facts: MoveFacts) -> RouterMove:
    """Return the next move; no side goes before the other serves, and an absent gateway never takes over."""
    if facts.gateway is not None:
        return _towards(facts.gateway, facts)
    if not facts.admitted:
        return RouterMove()
    if not facts.own_serves:
        return RouterMove(phase=MovePhase.LEAVING, admitted=facts.admitted)
    left = facts.settle_seconds - facts.own_seconds
    if left > 0:
        return RouterMove(phase=MovePhase.SETTLING, admitted=facts.admitted, wait_seconds=left)
    return RouterMove()


def _towards(gateway: GatewayReference, facts: MoveFacts) -> RouterMove:
    if facts.gateway_serves:
        return RouterMove(phase=MovePhase.JOINED, admitted=(gateway,), own_admitted=facts.own_drains)
    admitted = (gateway, *(one for one in facts.admitted if one != gateway))
    if facts.has_own:
        return RouterMove(phase=MovePhase.JOINING, admitted=admitted)
    return RouterMove(phase=MovePhase.JOINED, admitted=admitted, own_admitted=facts.own_drains)


def serves(reports: RouterReports, ready_engines: Iterable[str]) -> bool:
    """Whether requests reach the deployment through every one of these routers.

    A router that has the deployment holds its requests while no engine is ready; otherwise it must use a ready one.
    """
    ready = set(ready_engines)
    return bool(reports) and all(one is not None and (not ready or _uses(one, ready)) for one in reports)


def _uses(report: RouterReport, ready: set[str]) -> bool:
    return any(one.state is EndpointState.ROUTABLE and one.pod in ready for one in report.endpoints)

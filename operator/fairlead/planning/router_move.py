"""Which routers serve a deployment while it moves between its own and gateways', and in which order they change.

The side that takes over serves before another one stops. A gateway that the deployment leaves stops in two steps: first
its routers send no new requests, and once they have ended the last one, the engines admit them no more. What a later
reconcile needs to know is kept beside the list of gateways that the engines admit.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from fairlead.fleet.endpoints import EndpointState, RouterReport
from fairlead.fleet.gateways import GatewayReference

QUEUE_POLL_SECONDS: Final = 1.0
"""How soon to check again whether requests still wait at routers that are left."""

ADDRESS_POLL_SECONDS: Final = 1.0
"""How soon to check again whether the Service leads to the routers that take over: it is written after this move."""

RouterReports = Sequence[RouterReport | None]
"""The reports of all ready routers; None: no answer."""


class MovePhase(StrEnum):
    """Phase of a deployment's move between its own routers and a gateway's."""

    OWN = "Own"
    """Its own routers serve it, and no gateway does."""
    JOINING = "Joining"
    """Its own routers stay as they are until the gateway's accept requests for it."""
    MOVING = "Moving"
    """Another gateway's routers serve it until those of the gateway in its spec do."""
    JOINED = "Joined"
    """The gateway's routers serve it, and it has none of its own; those of another one still may, for clients that
    have not noticed yet."""
    LEAVING = "Leaving"
    """A gateway's routers serve it until its own do."""
    SETTLING = "Settling"
    """Its own routers serve it; the gateway's still may, for clients that have not noticed yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveFacts:
    """What is known about both sides."""

    gateway: GatewayReference | None
    """The gateway of the spec; None: a router of its own."""
    now: datetime
    admitted: tuple[GatewayReference, ...] = ()
    """Gateways whose routers send it requests now."""
    left: tuple[GatewayReference, ...] = ()
    """Gateways that send it no new requests, and whose routers may not have ended the last ones."""
    has_own: bool = False
    """Whether its own routers exist."""
    own_drains: bool = False
    """Whether pods of its own routers are left that may still send requests to its engines."""
    own_serves: bool = False
    gateway_serves: bool = False
    address_leads: bool = True
    """Whether its Service leads to the routers of its spec, or it has none."""
    taken_over_at: datetime | None = None
    """Since when the routers of its spec have served, with its Service, beside those of gateways that it leaves."""
    others_queue: bool = False
    """Whether requests for it wait in queues of routers of gateways that it leaves."""
    settle_seconds: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterMove:
    """Which routers there should be now."""

    phase: MovePhase = MovePhase.OWN
    admitted: tuple[GatewayReference, ...] = ()
    """Gateways whose routers send it requests."""
    left: tuple[GatewayReference, ...] = ()
    """Gateways whose routers send it no new requests, and that its engines admit until the last ones have ended."""
    own_admitted: bool = True
    """Whether its own routers may send requests to its engines: a router that drains still takes some."""
    taken_over_at: datetime | None = None
    """Since when the routers of its spec have served beside those of gateways that it leaves."""
    wait_seconds: float | None = None
    """When to check again, even if nothing happens until then."""


def next_move(facts: MoveFacts) -> RouterMove:
    """Return the next move; no side goes before the other serves, and an absent gateway never takes over."""
    others = tuple(one for one in facts.admitted if one != facts.gateway)
    joined = () if facts.gateway is None else (facts.gateway,)
    begun = RouterMove(
        phase=_phase(facts, others),
        admitted=(*joined, *others),
        left=tuple(one for one in facts.left if one not in (*joined, *others)),
        own_admitted=facts.gateway is None or facts.own_drains or (facts.has_own and not facts.gateway_serves),
    )
    if not others or not _serves(facts):
        return begun
    if not facts.address_leads:
        return replace(begun, wait_seconds=ADDRESS_POLL_SECONDS)
    since = _taken_over_at(facts)
    wait = (since + timedelta(seconds=facts.settle_seconds) - facts.now).total_seconds()
    if wait > 0 or facts.others_queue:
        return replace(begun, taken_over_at=since, wait_seconds=wait if wait > 0 else QUEUE_POLL_SECONDS)
    phase = MovePhase.OWN if facts.gateway is None else MovePhase.JOINED
    return replace(begun, phase=phase, admitted=joined, left=(*begun.left, *others))


def _taken_over_at(facts: MoveFacts) -> datetime:
    """Return since when the routers of its spec serve; the time kept counts for the gateway that was first then."""
    kept = facts.taken_over_at
    is_theirs = facts.gateway is None or facts.admitted[0] == facts.gateway
    return min(kept, facts.now) if kept is not None and is_theirs else facts.now


def _phase(facts: MoveFacts, others: Sequence[GatewayReference]) -> MovePhase:
    """Return the phase while gateways that it leaves, if there are any, still send it requests."""
    if facts.gateway is None:
        settles = MovePhase.SETTLING if facts.own_serves else MovePhase.LEAVING
        return settles if others else MovePhase.OWN
    if facts.gateway_serves:
        return MovePhase.JOINED
    if facts.has_own:
        return MovePhase.JOINING
    return MovePhase.MOVING if others else MovePhase.JOINED


def _serves(facts: MoveFacts) -> bool:
    return facts.own_serves if facts.gateway is None else facts.gateway_serves


def serves(reports: RouterReports, ready_engines: Iterable[str]) -> bool:
    """Whether requests reach the deployment through every one of these routers.

    A router that has the deployment holds its requests while no engine is ready; otherwise it must use a ready one.
    """
    ready = set(ready_engines)
    return bool(reports) and all(one is not None and (not ready or _uses(one, ready)) for one in reports)


def _uses(report: RouterReport, ready: set[str]) -> bool:
    return any(one.state is EndpointState.ROUTABLE and one.pod in ready for one in report.endpoints)

"""Deployments with replicas that hang, as routers report them, for the tests of their replacement."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from fairlead.fleet.endpoints import EndpointState, RouterEndpoint, RouterReport
from fairlead.fleet.hung_replicas import HungReplicaAction, ReplacedReplica, ReplicaPod
from fairlead.planning.hung_replicas import HungReplicaFacts
from tests.planning.states import LONG_AGO, T0

LONG: Final = 150.0
"""Seconds that are enough to be replaced."""


def pod(name: str, **fields: object) -> ReplicaPod:
    """A replica that has been ready for long."""
    usual = {"uid": f"uid-{name}", "node": "n1", "created_at": LONG_AGO, "ready_since": LONG_AGO}
    return ReplicaPod(name=name, **(usual | fields))  # type: ignore[arg-type]  # a test names what differs


def seen(name: str, hung: float | None = None, state: EndpointState | None = None) -> RouterEndpoint:
    """How a router sees one: ejected if it hangs."""
    usual = EndpointState.ROUTABLE if hung is None else EndpointState.EJECTED
    return RouterEndpoint(pod=name, address=f"{name}:8000", state=state or usual, inflight=0, hung_seconds=hung)


def unused(name: str, idle: float | None) -> RouterEndpoint:
    """How a router sees one that it has sent nothing for so long."""
    return replace(seen(name), idle_seconds=idle)


def report(*endpoints: RouterEndpoint) -> RouterReport:
    """What one router reports."""
    return RouterReport(endpoints=endpoints)


def replaced(name: str, ago: timedelta) -> ReplacedReplica:
    """One that was replaced before."""
    return ReplacedReplica(pod=name, uid=f"uid-{name}", node="n1", at=T0 - ago)


def fleet(
    names: str,
    hung: str,
    *,
    routers: int = 2,
    past: Iterable[ReplacedReplica] = (),
    action: HungReplicaAction = HungReplicaAction.REPLACE,
) -> HungReplicaFacts:
    """Replicas named by letters, of which some hang at every router."""
    view = report(*(seen(one, LONG if one in hung else None) for one in names))
    return HungReplicaFacts(
        action=action, reports=(view,) * routers, pods=tuple(pod(one) for one in names), replaced=tuple(past)
    )

"""The routers that may send requests to a deployment: their reports, and their state for its conditions."""

import asyncio
from collections.abc import Sequence

from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.interfaces import PodAccess
from fairlead.controller.pods import router_problems
from fairlead.controller.pods.pod_facts import MergedRouterReport
from fairlead.controller.router_moves import SideReports
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status.status_inputs import RouterSummary
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.endpoints import RouterReport
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, DesiredGateway, GatewayReference
from fairlead.objects.router_config import DEFAULT_REPLICAS
from fairlead.planning.router_move import MovePhase, RouterMove
from fairlead.review import gateway_membership


async def read(pod_access: PodAccess, observed: DeploymentSnapshot) -> SideReports:
    """Read what its own routers and its gateways' routers report, and which that it left still have its requests."""
    target = f"{observed.owner.namespace}/{observed.owner.name}"
    own, *others = await asyncio.gather(
        _reports(pod_access, observed.routers, ""),
        *(_reports(pod_access, some, target) for some in observed.gateway_routers.values()),
    )
    still = await asyncio.gather(*(_has_requests(pod_access, some, target) for some in observed.left_routers.values()))
    return SideReports(
        own=own,
        gateways=dict(zip(observed.gateway_routers, others, strict=True)),
        left=tuple(one for one, has in zip(observed.left_routers, still, strict=True) if has),
    )


async def _has_requests(pod_access: PodAccess, routers: Sequence[Manifest], target: str) -> bool:
    """Whether one of them may have a request for the target, or accept one: it names it, finishes it, or is silent."""
    reports = await asyncio.gather(*(pod_access.gateway_report(one) for one in routers))
    return any(one is None or target in one.targets or target in one.retiring for one in reports)


async def _reports(pod_access: PodAccess, routers: Sequence[Manifest], target: str) -> tuple[RouterReport | None, ...]:
    return tuple(await asyncio.gather(*(pod_access.endpoints(one, target) for one in routers)))


def summary(
    observed: DeploymentSnapshot,
    deployment: DesiredDeployment | None,
    move: RouterMove,
    gateway: DesiredGateway | None,
    reports: MergedRouterReport,
) -> RouterSummary | None:
    """Summarize the routers of the spec; `gateway` is the one that it names. None if the spec cannot be read."""
    if deployment is None:
        return None
    if isinstance(deployment.router, DeploymentRouter):
        return own(observed, deployment.router, reports, move)
    return of_gateway(observed, deployment.router, gateway, reports, move)


def own(
    observed: DeploymentSnapshot, router: DeploymentRouter, reports: MergedRouterReport, move: RouterMove
) -> RouterSummary:
    """Summarize its own routers; those of a gateway count as long as they still serve it."""
    current = snapshot.requested_replicas(observed.router) if observed.router is not None else DEFAULT_REPLICAS
    wanted = current if router.pods.replicas is None else router.pods.replicas
    ready = len(observed.serving_routers if move.phase is MovePhase.LEAVING else observed.routers)
    problem = "" if ready or not wanted else router_problems.problem(observed)
    return RouterSummary(
        wanted=wanted, ready=ready, reporting=reports.reporting, reasons=reports.reasons, problem=problem
    )


def of_gateway(
    observed: DeploymentSnapshot,
    door: GatewayReference,
    gateway: DesiredGateway | None,
    reports: MergedRouterReport,
    move: RouterMove,
) -> RouterSummary:
    """Summarize the gateway's routers; its own ones count as long as they still serve it."""
    refused, problem = _barred(observed.owner.namespace, door, gateway)
    meanwhile = _meanwhile(observed, door, move)
    return RouterSummary(
        wanted=(gateway.pods.replicas if gateway else None) or 0,
        ready=len(observed.serving_routers if meanwhile else observed.gateway_routers.get(door, ())),
        reporting=reports.reporting,
        reasons=reports.reasons,
        gateway=door.title,
        refused=refused,
        problem=problem,
        meanwhile=meanwhile,
    )


def _meanwhile(observed: DeploymentSnapshot, door: GatewayReference, move: RouterMove) -> str:
    """Return whose routers serve it until those of the gateway in its spec do; empty if they do."""
    if move.phase is MovePhase.JOINING:
        return "its own routers serve"
    if move.phase is not MovePhase.MOVING:
        return ""
    others = " and ".join(one.title for one in observed.admitted if one != door)
    return f"those of gateway {others} serve"


def gateway_of(deployment: DesiredDeployment | None) -> GatewayReference | None:
    """Return the gateway that a deployment joins, if any."""
    router = deployment.router if deployment is not None else None
    return router if isinstance(router, GatewayReference) else None


def _barred(
    namespace: str, door: GatewayReference, gateway: DesiredGateway | None
) -> tuple[ConditionReason | None, str]:
    """Return what keeps the gateway's routers from it, if anything."""
    if gateway is None:
        because = f"there is no InferenceGateway {door.name} in namespace {door.namespace} that can be read"
        remedy = "create or correct it, or remove spec.gateway"
        return ConditionReason.GATEWAY_NOT_FOUND, f"{gateway_membership.FIELD}: {door.name}: {because}; {remedy}"
    if not gateway.allows(namespace):
        because, remedy = gateway_membership.not_allowed(gateway, namespace)
        return ConditionReason.NOT_ALLOWED, f"{gateway_membership.FIELD}: {door.name}: {because}; {remedy}"
    return None, ""

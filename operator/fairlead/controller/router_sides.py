"""The routers that may send requests to a deployment: their reports, and their state for its conditions."""

import asyncio
from collections.abc import Mapping, Sequence

from fairlead.cluster.kinds import Manifest
from fairlead.controller import router_moves, snapshot
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
from fairlead.planning.router_move import MovePhase, RouterMove, RouterReports
from fairlead.review import gateway_membership


async def read(pod_access: PodAccess, observed: DeploymentSnapshot) -> SideReports:
    """Read what its own routers and its gateways' routers report, and which that it left still have its requests."""
    target = f"{observed.owner.namespace}/{observed.owner.name}"
    own, *others = await asyncio.gather(
        _reports(pod_access, observed.routers, ""),
        *(_reports(pod_access, some, target) for some in observed.gateway_routers.values()),
    )
    gateways = dict(zip(observed.gateway_routers, others, strict=True))
    return SideReports(
        own=own,
        gateways=gateways,
        left=(*observed.left_out_of_sight, *await _with_requests(pod_access, observed.left_routers, target)),
        silent=await _with_requests(pod_access, _silent(observed, gateways), target),
    )


def _silent(
    observed: DeploymentSnapshot, reports: Mapping[GatewayReference, RouterReports]
) -> Mapping[GatewayReference, tuple[Manifest, ...]]:
    """Return the routers that do not report the target, of gateways that send it requests while it moves.

    They do not have it, or do not answer.
    """
    if len(reports) + bool(observed.routers) < 2:
        return {}
    found = {one: zip(observed.gateway_routers[one], reports[one], strict=True) for one in observed.admitted}
    return {gateway: tuple(pod for pod, report in some if report is None) for gateway, some in found.items()}


async def _with_requests(
    pod_access: PodAccess, routers: Mapping[GatewayReference, Sequence[Manifest]], target: str
) -> tuple[GatewayReference, ...]:
    """Return the gateways of which one of these routers may have a request for the target."""
    have = await asyncio.gather(*(_has_requests(pod_access, some, target) for some in routers.values()))
    return tuple(one for one, has in zip(routers, have, strict=True) if has)


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
    meanwhile, serving = _meanwhile(observed, door, move)
    return RouterSummary(
        wanted=(gateway.pods.replicas if gateway else None) or 0,
        ready=len(serving),
        reporting=reports.reporting,
        reasons=reports.reasons,
        gateway=door.title,
        refused=refused,
        problem=problem,
        meanwhile=meanwhile,
    )


def _meanwhile(
    observed: DeploymentSnapshot, door: GatewayReference, move: RouterMove
) -> tuple[str, tuple[Manifest, ...]]:
    """Return whose routers serve until those of the gateway in its spec do, empty if they do, and which serve now."""
    others = {one: some for one in observed.admitted if one != door and (some := observed.gateway_routers.get(one))}
    if move.phase is MovePhase.JOINING and (observed.routers or not others):
        return "its own routers serve", observed.serving_routers
    if move.phase not in (MovePhase.JOINING, MovePhase.MOVING) or not others:
        return "", observed.gateway_routers.get(door, ())
    titles = " and ".join(one.title for one in others)
    where = ", at its own address only," if observed.address and router_moves.leads_to(observed, door) else ""
    return f"those of gateway {titles} serve{where}", tuple(pod for some in others.values() for pod in some)


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

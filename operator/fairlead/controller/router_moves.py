"""The children of a deployment other than engines, while it moves between its own routers and a gateway's. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.adapters import AdapterVersions
from fairlead.fleet.endpoints import RouterReport
from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, DesiredGateway, GatewayReference
from fairlead.objects import applied_hash, children, labels, names, network_policies, pod_engine, revisions
from fairlead.objects.children import UNKNOWN_CAPACITY
from fairlead.objects.installation import Installation
from fairlead.objects.network_policies import EngineAccess
from fairlead.objects.owner import Owner
from fairlead.planning import router_move
from fairlead.planning.router_move import MoveFacts, MovePhase, RouterMove, RouterReports
from fairlead.review import replica_facts
from fairlead.review.deployment_review import DeploymentReview


@dataclass(frozen=True, slots=True, kw_only=True)
class SideReports:
    """What routers report of one deployment, by owner of the routers."""

    own: RouterReports = ()
    gateways: Mapping[GatewayReference, RouterReports]
    left: tuple[GatewayReference, ...] = ()
    """Gateways that send no new requests, and whose routers may not have ended the last ones."""
    silent: tuple[GatewayReference, ...] = ()
    """Gateways of which a router that is ready does not say what waits there."""

    @property
    def all(self) -> tuple[RouterReport | None, ...]:
        """The reports of all routers."""
        return (*self.own, *(one for some in self.gateways.values() for one in some))


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticChildren:
    """The children other than engines."""

    manifests: tuple[Manifest, ...] = ()
    spared: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of children that are neither changed nor removed."""
    versions: tuple[AdapterVersions, ...] = ()
    """The adapters to serve now, with the share of each version."""
    operator_key: str | None = None
    """The SHA-256 of the operator's key to own routers; None while the key is not read."""


ROUTER_KINDS = (
    *("ServiceAccount", "Role", "RoleBinding", "NetworkPolicy"),
    *("PodDisruptionBudget", "ConfigMap", "Service", "Deployment"),
)
"""The kinds of children that a deployment's own routers have."""
DRAINING_KINDS = ("ServiceAccount", "Role", "RoleBinding", "NetworkPolicy")
"""Those that routers need until the last has drained: to watch engines, and to be reached."""


def move(
    observed: DeploymentSnapshot, deployment: DesiredDeployment | None, reports: SideReports, now: datetime
) -> RouterMove:
    """Return its current and future routers."""
    if deployment is None:
        return RouterMove()
    gateway = deployment.router if isinstance(deployment.router, GatewayReference) else None
    ready = [pod["metadata"]["name"] for some in observed.pods.values() for pod in some if pods.takes_requests(pod)]
    return router_move.next_move(
        MoveFacts(
            gateway=gateway,
            now=now,
            admitted=observed.admitted,
            left=reports.left,
            has_own=observed.router is not None,
            own_drains=observed.has_router_pods,
            own_serves=router_move.serves(reports.own, ready),
            gateway_serves=gateway is not None and router_move.serves(reports.gateways.get(gateway, ()), ready),
            address_leads=leads_to(observed, gateway),
            taken_over_at=observed.taken_over_at,
            others_queue=_queues_elsewhere(reports, gateway),
            settle_seconds=deployment.drain.settle_seconds,
        )
    )


def _queues_elsewhere(reports: SideReports, gateway: GatewayReference | None) -> bool:
    """Whether requests wait at routers of other gateways than the one of the spec, or may."""
    others = [some for reference, some in reports.gateways.items() if reference != gateway]
    waiting = any(one is not None and one.waiting for some in others for one in some)
    return waiting or any(one != gateway for one in reports.silent)


def leads_to(observed: DeploymentSnapshot, gateway: GatewayReference | None) -> bool:
    """Whether the Service that clients use leads to this gateway's routers, or its own; true if there is none."""
    if observed.address is None:
        return True
    name = (observed.address.get("spec", {}).get("selector") or {}).get(labels.GATEWAY)
    target = None if name is None else GatewayReference(namespace=observed.owner.namespace, name=name)
    return target == gateway


def static_children(
    owner: Owner,
    review: DeploymentReview,
    installation: Installation,
    move: RouterMove,
    first_token_seconds: float | None,
) -> tuple[Manifest, ...]:
    """Build all children except engines, once for each spec, move and objective for first tokens."""
    deployment = review.deployment
    if deployment is None:
        return ()
    access = EngineAccess(
        own=move.own_admitted, gateways=move.admitted, left=move.left, taken_over_at=move.taken_over_at
    )
    made = children.of_engines(owner, deployment, installation, access)
    if isinstance(deployment.router, DeploymentRouter):
        capacity = UNKNOWN_CAPACITY
        if review.review is not None and review.spec is not None:
            capacity = replica_facts.replica(review.review, revisions.of(review.spec), first_token_seconds)
        made += children.of_router(owner, deployment, deployment.router, installation, capacity)
    return tuple(applied_hash.with_applied_hash(one) for one in made)


def at_this_moment(
    static: tuple[Manifest, ...], observed: DeploymentSnapshot, move: RouterMove, gateway: DesiredGateway | None
) -> StaticChildren:
    """Set where the Service that clients use leads now; `gateway` is the one in the spec, if it exists.

    Engines of every revision that has a Deployment stay reachable, whatever the kind of the spec.
    """
    static, spared = tuple(_opened(one, observed) for one in static), _spared(observed, move, gateway)
    if "Service" in spared:
        static = tuple(one for one in static if one["kind"] != "Service")
    elif move.phase is MovePhase.JOINED and gateway is not None and observed.address is not None:
        led = children.address_at_gateway(observed.owner, gateway, observed.address)
        static += (applied_hash.with_applied_hash(led),) if led else ()
    return StaticChildren(manifests=static, spared=frozenset((kind, observed.owner.router_name) for kind in spared))


def _spared(observed: DeploymentSnapshot, move: RouterMove, gateway: DesiredGateway | None) -> set[str]:
    """Return the kinds of children of its own routers that are neither changed nor removed now."""
    if move.phase is MovePhase.JOINING:
        return set(ROUTER_KINDS)
    joins = move.phase in (MovePhase.MOVING, MovePhase.JOINED)
    drains = set(DRAINING_KINDS) if observed.has_router_pods and joins else set()
    waits = move.phase is MovePhase.MOVING or (move.phase is MovePhase.LEAVING and not leads_to(observed, None))
    lost = move.phase is MovePhase.JOINED and gateway is None
    return drains | ({"Service"} if waits or lost else set())


def _opened(child: Manifest, observed: DeploymentSnapshot) -> Manifest:
    if (child["kind"], child["metadata"]["name"]) != ("NetworkPolicy", names.engines(observed.owner.name)):
        return child
    ports = {pod_engine.of(one["spec"]["template"]).port for one in observed.engines}
    opened = network_policies.with_ports(child, filter(None, ports))
    return child if opened is child else applied_hash.with_applied_hash(opened)

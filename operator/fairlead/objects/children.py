"""All children of one InferenceDeployment but the Deployments of its revisions, whose counts are planned elsewhere."""

from typing import Final

from fairlead.fleet.gateways import DeploymentRouter, DesiredDeployment, DesiredGateway
from fairlead.objects import (
    adapter_loader,
    disruption_budgets,
    network_policies,
    router_config,
    router_deployment,
    router_rbac,
    router_service,
)
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from fairlead.objects.network_policies import EngineAccess
from fairlead.objects.owner import Owner
from fairlead.objects.router_config import ReplicaCapacity

UNKNOWN_CAPACITY: Final = ReplicaCapacity()


def all_children(
    owner: Owner, deployment: DesiredDeployment, installation: Installation, replica: ReplicaCapacity = UNKNOWN_CAPACITY
) -> tuple[Manifest, ...]:
    """Build them in the order of applying: RBAC and network policies before the pods that need them.

    With a gateway the deployment has no router of its own, and its network policy admits the gateway's routers.
    """
    router = deployment.router
    access = EngineAccess() if isinstance(router, DeploymentRouter) else EngineAccess(own=False, gateways=(router,))
    return (
        *of_engines(owner, deployment, installation, access),
        *(of_router(owner, deployment, router, installation, replica) if isinstance(router, DeploymentRouter) else ()),
    )


def of_engines(
    owner: Owner, deployment: DesiredDeployment, installation: Installation, access: EngineAccess
) -> tuple[Manifest, ...]:
    """Build what engines need with any routers, and what lets routers reach them."""
    return (
        network_policies.engines(owner, deployment.revision, access, installation),
        disruption_budgets.engines(owner),
        *router_rbac.gateway_access(owner, access.admitted),
        *adapter_loader.children(owner, deployment.revision),
    )


def of_router(
    owner: Owner,
    deployment: DesiredDeployment,
    router: DeploymentRouter,
    installation: Installation,
    replica: ReplicaCapacity,
) -> tuple[Manifest, ...]:
    """Build the deployment's own routers."""
    key = installation.router_keys.sha256(owner.namespace, owner.name)
    return (
        router_rbac.account(owner),
        router_rbac.role(owner),
        router_rbac.binding(owner),
        network_policies.routers(owner, installation),
        disruption_budgets.routers(owner),
        router_config.manifest(owner, deployment.revision, router, replica, key),
        router_service.manifest(owner, router),
        router_deployment.manifest(owner, router, installation),
    )


def address_at_gateway(owner: Owner, gateway: DesiredGateway, live: Manifest) -> Manifest | None:
    """Build the Service of its own routers, leading to a gateway of its namespace; None for another namespace."""
    return router_service.to_gateway(owner, gateway, live) if gateway.reference.namespace == owner.namespace else None

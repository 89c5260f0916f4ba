"""All children of one InferenceDeployment but the Deployments of its revisions, whose counts are planned elsewhere."""

from typing import Final

from fairlead.fleet.gateways import DesiredDeployment
from fairlead.objects import (
    disruption_budgets,
    network_policies,
    router_config,
    router_deployment,
    router_rbac,
    router_service,
)
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.objects.router_config import ReplicaCapacity

UNKNOWN_CAPACITY: Final = ReplicaCapacity()


def all_children(
    owner: Owner, deployment: DesiredDeployment, platform: Installation, replica: ReplicaCapacity = UNKNOWN_CAPACITY
) -> tuple[Manifest, ...]:
    """In the order in which they are applied: RBAC and network policies before the pods that need them.

    With a gateway the deployment has no router of its own, and its network policy admits the gateway's routers.
    """
    door = deployment.door
    if isinstance(door, str):
        return network_policies.engines(owner, deployment.wanted, door, platform), disruption_budgets.engines(owner)
    key = platform.router_keys.sha256(owner.namespace, owner.name)
    return (
        network_policies.engines(owner, deployment.wanted, None, platform),
        disruption_budgets.engines(owner),
        router_rbac.account(owner),
        router_rbac.role(owner),
        router_rbac.binding(owner),
        network_policies.routers(owner, platform),
        disruption_budgets.routers(owner),
        router_config.manifest(owner, deployment.wanted, door, replica, key),
        router_service.manifest(owner, door),
        router_deployment.manifest(owner, door, platform),
    )

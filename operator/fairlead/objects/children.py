"""All that one deployment has beside the Deployments of its revisions, whose counts are decided elsewhere."""

from typing import Final

from fairlead.fleet.gateways import WantedDeployment
from fairlead.objects import budgets, network, router_account, router_config, router_deployment, router_service
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.objects.platform import Platform
from fairlead.objects.router_config import Replica

NOTHING_KNOWN: Final = Replica()


def standing(
    owner: Owner, deployment: WantedDeployment, platform: Platform, replica: Replica = NOTHING_KNOWN
) -> tuple[Manifest, ...]:
    """In the order in which they are applied: rights and walls before the pods that need them.

    Behind a gateway there is no router of its own, and the gateway's routers are let in instead.
    """
    door = deployment.door
    if isinstance(door, str):
        return network.engines(owner, door, platform), budgets.engines(owner)
    key = platform.router_keys.sha256(owner.namespace, owner.name)
    return (
        network.engines(owner, None, platform),
        budgets.engines(owner),
        router_account.account(owner),
        router_account.role(owner),
        router_account.binding(owner),
        network.routers(owner, platform),
        budgets.routers(owner),
        router_config.manifest(owner, deployment.wanted, door, replica, key),
        router_service.manifest(owner, door),
        router_deployment.manifest(owner, door, platform),
    )

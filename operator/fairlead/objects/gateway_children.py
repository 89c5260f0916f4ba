"""All children of one InferenceGateway: those of its routers; the engines belong to the deployments that join."""

from dataclasses import replace

from fairlead.fleet.gateways import DeploymentRouter, DesiredGateway
from fairlead.objects import (
    disruption_budgets,
    names,
    network_policies,
    router_config,
    router_deployment,
    router_rbac,
    router_service,
)
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

KEY_OWNER = "gateway/"
"""Prefix of a gateway's name when the operator's key to its routers is derived: a deployment may have the same name."""


def all_children(
    owner: Owner, gateway: DesiredGateway, configuration: Manifest, installation: Installation
) -> tuple[Manifest, ...]:
    """Build them in the order of applying: RBAC and the network policy before the pods that need them."""
    router = DeploymentRouter(routing=gateway.routing, pods=gateway.pods)
    if any(one.cache for one in gateway.routes.routes):  # only their memory depends on it here
        cache = replace(gateway.routing.cache, enabled=True)
        router = replace(router, routing=replace(gateway.routing, cache=cache))
    return (
        router_rbac.account(owner),
        router_rbac.role(owner),
        router_rbac.binding(owner),
        network_policies.routers(owner, installation),
        disruption_budgets.routers(owner),
        router_config.config_map(owner, configuration, operator_key(owner, installation)),
        router_service.manifest(owner, router),
        router_deployment.manifest(owner, router, installation, secrets(gateway)),
    )


def operator_key(owner: Owner, installation: Installation) -> str | None:
    """Return the SHA-256 of the operator's key to its routers; None while the key is not read."""
    return installation.router_keys.sha256(owner.namespace, f"{KEY_OWNER}{owner.name}")


def secrets(gateway: DesiredGateway) -> tuple[str, ...]:
    """Return the Secrets that its routers mount beyond those of the settings: tenants' keys, and keys of other APIs."""
    keys = (one.key.name for one in gateway.routes.externals if one.key is not None)
    return names.gateway_keys(gateway.reference.name), *keys

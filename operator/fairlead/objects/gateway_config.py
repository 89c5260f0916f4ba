"""The configuration of a gateway's routers: targets, routes and settings, as a file that they reread on a change.

Routers also watch the ConfigMap itself, since the kubelet may take a minute to renew the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.api.kinds import GATEWAY
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.model_routes import ExternalTarget, ModelRoute
from fairlead.objects import labels, names, router_config, router_secrets
from fairlead.objects.manifest import Manifest
from fairlead.objects.router_config import ReplicaCapacity


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedDeployment:
    """A deployment as a gateway's routers see it."""

    revision: DesiredRevision
    replica: ReplicaCapacity


def target(one: RoutedDeployment) -> Manifest:
    """Build one target of the file."""
    name = f"{one.revision.namespace}/{one.revision.name}"
    return {"target": name, **router_config.target(one.revision, one.replica)}


def document(gateway: DesiredGateway, targets: Sequence[Manifest], routes: Sequence[ModelRoute]) -> Manifest:
    """Build the whole file; `targets` as `target` returns them."""
    reference = gateway.reference
    return {
        "renderedFrom": f"{GATEWAY.name} {reference.title}",
        "namespace": reference.namespace,
        "configMap": names.gateway(reference.name),
        "tenantKeys": router_secrets.folder(names.gateway_keys(reference.name)),
        "routers": gateway.pods.replicas or router_config.DEFAULT_REPLICAS,
        "routerSelector": labels.as_text(labels.gateway_routers(reference.name)),
        "routing": router_config.routing(gateway.routing),
        "targets": list(targets),
        "externals": [_external(one) for one in gateway.routes.externals],
        "routes": [router_config.plain(one) for one in routes],
    }


def _external(one: ExternalTarget) -> Manifest:
    plain: Manifest = router_config.plain(replace(one, key=None))
    del plain["key"]
    return plain | {"keyFile": router_secrets.path(one.key) if one.key else None}

"""The configuration of a gateway's routers: targets, routes and settings, as a file that they reread on a change.

Routers also watch the ConfigMap itself, since the kubelet may take a minute to renew the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fairlead.api.kinds import GATEWAY
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.model_routes import ExternalTarget, ModelRoute
from fairlead.objects import labels, names, router_config, router_file, router_secrets
from fairlead.objects.manifest import Manifest
from fairlead.objects.router_config import ReplicaCapacity
from fairlead.objects.router_file import FileHead


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedDeployment:
    """A deployment as a gateway's routers see it."""

    revision: DesiredRevision
    replica: ReplicaCapacity


def target(one: RoutedDeployment) -> Manifest:
    """Build one target of the file."""
    name = f"{one.revision.namespace}/{one.revision.name}"
    return {"target": name} | router_config.target(one.revision, one.replica)


def document(gateway: DesiredGateway, targets: Sequence[Manifest], routes: Sequence[ModelRoute]) -> Manifest:
    """Build the whole file; `targets` as `target` returns them."""
    reference = gateway.reference
    head = FileHead(
        rendered_from=f"{GATEWAY.name} {reference.title}",
        namespace=reference.namespace,
        routers=gateway.pods.replicas or router_config.DEFAULT_REPLICAS,
        router_selector=labels.as_text(labels.gateway_routers(reference.name)),
        config_map=names.gateway(reference.name),
        tenant_keys=router_secrets.folder(names.gateway_keys(reference.name)),
    )
    return router_config.written(head) | {
        router_file.ROUTING: router_config.routing(gateway.routing),
        router_file.TARGETS: list(targets),
        router_file.EXTERNALS: [_external(one) for one in gateway.routes.externals],
        router_file.ROUTES: [router_config.plain(one) for one in routes],
    }


def _external(one: ExternalTarget) -> Manifest:
    plain: Manifest = router_config.plain(replace(one, key=None))
    del plain["key"]
    return plain | {router_file.KEY_FILE: router_secrets.path(one.key) if one.key else None}

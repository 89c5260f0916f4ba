"""The Service that clients use, in front of the routers of a deployment or a gateway."""

from fairlead.fleet.gateways import DeploymentRouter, DesiredGateway, RouterConnections, RouterPods, ServiceType
from fairlead.objects import labels, ports
from fairlead.objects.applied_hash import APPLIED
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner


def url(owner: Owner, connections: RouterConnections) -> str:
    """Return the URL for clients: the Service's name in the cluster's DNS."""
    scheme = "https" if connections.tls_secret else "http"
    return f"{scheme}://{owner.router_name}.{owner.namespace}.svc/v1"


def manifest(owner: Owner, router: DeploymentRouter) -> Manifest:
    """Build the Service; users' annotations are for their load balancer and are copied unchanged."""
    pods = router.pods
    number, name = (ports.SERVICE_TLS, "https") if router.routing.connections.tls_secret else (ports.SERVICE, "http")
    port = {"name": name, "port": number, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": owner.router_metadata(dict(pods.annotations)),
        "spec": {"type": pods.service.value, "selector": owner.router_selector, "ports": [port]},
    }


def to_gateway(owner: Owner, gateway: DesiredGateway, live: Manifest) -> Manifest:
    """Point the Service that a deployment's clients use to the gateway of its namespace, once that serves it.

    Its type and its annotations stay, or a load balancer would get another address.
    """
    notes = (live["metadata"].get("annotations") or {}).items()
    pods = RouterPods(
        service=ServiceType(live["spec"].get("type", ServiceType.CLUSTER_IP)),
        annotations=tuple(sorted((name, text) for name, text in notes if name != APPLIED)),
    )
    made = manifest(owner, DeploymentRouter(routing=gateway.routing, pods=pods))
    return made | {"spec": made["spec"] | {"selector": labels.gateway_routers(gateway.reference.name)}}

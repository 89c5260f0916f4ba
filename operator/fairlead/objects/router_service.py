"""The address that clients are given: one Service in front of the routers of a deployment or a gateway."""

from fairlead.fleet.gateways import DeploymentRouter, DesiredGateway
from fairlead.objects import labels, ports
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner


def manifest(owner: Owner, router: DeploymentRouter) -> Manifest:
    """The Service; users' annotations are for their load balancer and are copied unchanged."""
    pods = router.pods
    number, name = (ports.SERVICE_TLS, "https") if router.routing.door.tls_secret else (ports.SERVICE, "http")
    port = {"name": name, "port": number, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": owner.router_metadata(dict(pods.annotations)),
        "spec": {"type": pods.service.value, "selector": owner.router_selector, "ports": [port]},
    }


def to_gateway(owner: Owner, gateway: DesiredGateway) -> Manifest:
    """The address that clients of a deployment know, once the gateway of its namespace serves it: it leads there."""
    made = manifest(owner, DeploymentRouter(routing=gateway.routing))
    selector = labels.gateway_routers(gateway.reference.name)
    return made | {"spec": made["spec"] | {"selector": selector}}

"""The address that clients are given: one Service in front of a deployment's routers."""

from fairlead.fleet.gateways import DeploymentRouter
from fairlead.objects import labels, names, ports
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner


def manifest(owner: Owner, router: DeploymentRouter) -> Manifest:
    """The Service; users' annotations are for their load balancer and are copied unchanged."""
    pods = router.pods
    head = owner.metadata(names.router(owner.name), labels.child(owner.name, ChildRole.ROUTER), dict(pods.annotations))
    number, name = (ports.SERVICE_TLS, "https") if router.routing.door.tls_secret else (ports.SERVICE, "http")
    port = {"name": name, "port": number, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": head,
        "spec": {"type": pods.service.value, "selector": labels.routers(owner.name), "ports": [port]},
    }

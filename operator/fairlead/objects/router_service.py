"""The address that clients are given: one Service in front of a deployment's routers."""

from fairlead.fleet.gateways import RouterPods
from fairlead.objects import labels, names, ports
from fairlead.objects.labels import Role
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner


def manifest(owner: Owner, pods: RouterPods) -> Manifest:
    """Users' annotations are for their load balancer and go in as they are."""
    head = owner.metadata(names.router(owner.name), labels.child(owner.name, Role.ROUTER), dict(pods.annotations))
    port = {"name": "http", "port": ports.SERVICE, "targetPort": "http", "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": head,
        "spec": {"type": pods.service.value, "selector": labels.routers(owner.name), "ports": [port]},
    }

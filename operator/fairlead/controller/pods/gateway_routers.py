"""The router pods of a gateway: those that serve, and those that may have a request in flight."""

from collections.abc import Iterator

from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.fleet.gateways import GatewayReference
from fairlead.objects import labels


def ready(cluster: ControllerClusterState, gateway: GatewayReference) -> tuple[Manifest, ...]:
    """Return those that are ready."""
    return tuple(one for one in _all(cluster, gateway) if pods.is_ready(one))


def running(cluster: ControllerClusterState, gateway: GatewayReference) -> tuple[Manifest, ...]:
    """Return those that may have a request in flight, pods that are ending included."""
    return tuple(
        one
        for one in _all(cluster, gateway)
        if pods.address(one) and one.get("status", {}).get("phase") not in pods.ENDED
    )


def _all(cluster: ControllerClusterState, gateway: GatewayReference) -> Iterator[Manifest]:
    for one in cluster.of(kinds.POD).of_gateway(gateway.namespace, gateway.name):
        if (one["metadata"].get("labels") or {}).get(labels.ROLE) == labels.ChildRole.ROUTER:
            yield one

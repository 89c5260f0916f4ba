"""The pods of a deployment's or a gateway's routers: replaced one by one without a gap, not ended while they stream.

The pods themselves depend only on the number of routers, the longest request, the memory for cached responses, the
mounted Secrets, what the spec says of pods, and how the installation pulls its image; all other settings reach them
through their file.
"""

from collections.abc import Iterable
from math import ceil
from typing import Final

from fairlead.fleet.gateways import DeploymentRouter, RoutingSettings
from fairlead.objects import (
    container_resources,
    peer_secret,
    pod_metadata,
    pod_placement,
    ports,
    router_config,
    router_secrets,
    security,
)
from fairlead.objects.installation import Installation
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.objects.pull_secrets import pulled

CONTAINER: Final = "router"

_USER: Final = 65532
_PRE_STOP_SECONDS: Final = 5
"""The time until nearly every node and load balancer has stopped sending new connections."""
_ACCEPT_SECONDS: Final = 30
"""The longest time after that in which a draining router accepts connections; most need 3 s."""
_REST_SECONDS: Final = 15
"""The time from the last reply to the exit, and a margin."""
_MEMORY_MIB: Final = 128
_MIB: Final = 2**20


def manifest(
    owner: Owner, router: DeploymentRouter, installation: Installation, secrets: Iterable[str] = ()
) -> Manifest:
    """Start a new router before an old one ends, since clients reach the model only through routers.

    `secrets` are mounted beside those that the settings name, and beside the keys of the routers themselves. Without a
    number in the spec an HPA or a person scales them: `with_router_count` then fills in the live count.
    """
    carried = owner.child_labels(ChildRole.ROUTER)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": owner.router_metadata(),
        "spec": {
            **({} if router.pods.replicas is None else {"replicas": router.pods.replicas}),
            "selector": {"matchLabels": owner.router_selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "revisionHistoryLimit": 2,
            "template": {
                "metadata": pod_metadata.of(router.pods.metadata, carried, {}),
                "spec": _pod(owner, router, installation, secrets),
            },
        },
    }


def with_router_count(manifest: Manifest, routers: int) -> Manifest:
    """Set the live count, which is not ours: without one, the API server would set its default of one."""
    return manifest | {"spec": manifest["spec"] | {"replicas": routers}}


def _pod(owner: Owner, router: DeploymentRouter, installation: Installation, secrets: Iterable[str]) -> Manifest:
    peer_keys = router_secrets.mounted(peer_secret.name(owner.router_name), "peer-keys")
    mounted = [_config(owner), peer_keys, *router_secrets.volumes_and_mounts(router.routing, secrets)]
    longest = ceil(router.routing.timeouts.total_seconds)
    return {
        "containers": [_container(installation, router, [mount for _, mount in mounted])],
        "volumes": [volume for volume, _ in mounted],
        **pulled(installation.pull_secrets),
        "terminationGracePeriodSeconds": _PRE_STOP_SECONDS + _ACCEPT_SECONDS + longest + _REST_SECONDS,
        "restartPolicy": "Always",
        "serviceAccountName": owner.router_name,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "securityContext": security.of_pod(_USER, assigned=installation.assigned_users),
        **pod_placement.fields(router.pods.placement, owner.router_selector),
    }


def image(live: Manifest) -> str:
    """Return the image that a live Deployment of routers has; empty if it is not as we write it."""
    containers = live.get("spec", {}).get("template", {}).get("spec", {}).get("containers") or ()
    return next((str(one.get("image")) for one in containers if one.get("name") == CONTAINER), "")


def _container(installation: Installation, router: DeploymentRouter, mounts: list[Manifest]) -> Manifest:
    """The image's own command is `fairlead`."""
    scheme = "HTTPS" if router.routing.connections.tls_secret else "HTTP"
    return {
        "name": CONTAINER,
        "image": installation.image,
        "imagePullPolicy": installation.pull_policy,
        "args": ["router", "--config", f"{router_config.FOLDER}/{router_config.FILE}"],
        "env": [
            _of_pod("POD_NAME", "metadata.name"),
            _of_pod("POD_IP", "status.podIP"),
            _of_pod("NAMESPACE", "metadata.namespace"),
        ],
        "ports": [
            _port("http", ports.ROUTER),
            _port("metrics", ports.ROUTER_METRICS),
            _port("peers", ports.ROUTER_PEERS) | {"protocol": "UDP"},
        ],
        **container_resources.around(_requests(router.routing), router.pods.resources),
        # The readiness probe must notice a draining router within its preStop wait; a restart of a hung router cuts all
        # its streams, so the liveness probe allows more failures, and uses a port that clients cannot fill.
        "readinessProbe": _probe("/ready", ("http", scheme), period_seconds=2, failures=2),
        "livenessProbe": _probe("/health", ("metrics", "HTTP"), period_seconds=5, failures=6),
        "lifecycle": {"preStop": {"sleep": {"seconds": _PRE_STOP_SECONDS}}},
        "securityContext": security.of_container(),
        "volumeMounts": mounts,
    }


def _requests(routing: RoutingSettings) -> dict[str, str]:
    """Return the usual requests; no limit is usual, since a router that is OOM-killed cuts all its streams."""
    return {container_resources.CPU: "100m", container_resources.MEMORY: f"{memory_mib(routing)}Mi"}


def memory_mib(routing: RoutingSettings) -> int:
    """Return the memory that a router needs at least."""
    cache = routing.cache
    return _MEMORY_MIB + (ceil(cache.max_bytes / _MIB) if cache.enabled else 0)


def _config(owner: Owner) -> tuple[Manifest, Manifest]:
    """Mount a folder, not a single file: a file mounted by `subPath` is never updated."""
    return (
        {"name": "config", "configMap": {"name": owner.router_name}},
        {"name": "config", "mountPath": router_config.FOLDER, "readOnly": True},
    )


def _of_pod(name: str, field: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}}


def _port(name: str, number: int) -> Manifest:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _probe(path: str, port: tuple[str, str], *, period_seconds: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": port[0], "scheme": port[1]},
        "periodSeconds": period_seconds,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }

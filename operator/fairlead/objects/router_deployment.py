"""The pods of a deployment's own router: replaced one by one without a gap, and never cut short while they stream.

Of all settings only the number, the longest request, the memory for answers, and which Secrets are read are the pods'
own; everything else reaches them through their file.
"""

from math import ceil
from typing import Final

from fairlead.fleet.gateways import DeploymentRouter, RoutingSettings
from fairlead.objects import labels, names, ports, router_config, router_secrets, security
from fairlead.objects.engine_placement import spread
from fairlead.objects.installation import Installation
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner

CONTAINER: Final = "router"

_USER: Final = 65532
_PRE_STOP_SECONDS: Final = 5
"""Until every node and load balancer has stopped sending new connections."""
_REST_SECONDS: Final = 15
"""From the last reply to the exit, and a margin."""
_MEMORY_MIB: Final = 128
_MIB: Final = 2**20


def manifest(owner: Owner, router: DeploymentRouter, platform: Installation) -> Manifest:
    """One more is started before one goes, since a router is the only door.

    Without a number somebody else counts them: `with_router_count` then fills in what stands there.
    """
    carried = labels.child(owner.name, ChildRole.ROUTER)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": owner.metadata(names.router(owner.name), carried),
        "spec": {
            **({} if router.pods.replicas is None else {"replicas": router.pods.replicas}),
            "selector": {"matchLabels": labels.routers(owner.name)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "revisionHistoryLimit": 2,
            "template": {"metadata": {"labels": dict(carried)}, "spec": _pod(owner, router, platform)},
        },
    }


def with_router_count(manifest: Manifest, routers: int) -> Manifest:
    """With a number that is not ours: to leave it out would give it back to the server, whose default is one."""
    return manifest | {"spec": manifest["spec"] | {"replicas": routers}}


def _pod(owner: Owner, router: DeploymentRouter, platform: Installation) -> Manifest:
    mounted = [_config(owner), *router_secrets.volumes_and_mounts(router.routing)]
    longest = ceil(router.routing.timeouts.total_seconds)
    return {
        "containers": [_container(platform, router.routing, [mount for _, mount in mounted])],
        "volumes": [volume for volume, _ in mounted],
        "terminationGracePeriodSeconds": _PRE_STOP_SECONDS + longest + _REST_SECONDS,
        "restartPolicy": "Always",
        "serviceAccountName": names.router(owner.name),
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "securityContext": security.of_pod(_USER),
        "topologySpreadConstraints": spread(labels.routers(owner.name)),
    }


def _container(platform: Installation, routing: RoutingSettings, mounts: list[Manifest]) -> Manifest:
    """The image's own command is `fairlead`."""
    scheme = "HTTPS" if routing.door.tls_secret else "HTTP"
    return {
        "name": CONTAINER,
        "image": platform.image,
        "imagePullPolicy": platform.pull_policy,
        "args": ["router", "--config", f"{router_config.FOLDER}/{router_config.FILE}"],
        "env": [
            _of_pod("POD_NAME", "metadata.name"),
            _of_pod("POD_IP", "status.podIP"),
            _of_pod("NAMESPACE", "metadata.namespace"),
        ],
        "ports": [_port("http", ports.ROUTER), _port("metrics", ports.ROUTER_METRICS)],
        "resources": {"requests": {"cpu": "100m", "memory": f"{_memory_mib(routing)}Mi"}},
        # A drain of the last router must be seen within the wait before its end; a stuck one costs all its streams
        # when it is restarted, so that is asked with more patience.
        "readinessProbe": _probe("/ready", scheme, period_seconds=2, failures=2),
        "livenessProbe": _probe("/health", scheme, period_seconds=5, failures=6),
        "lifecycle": {"preStop": {"sleep": {"seconds": _PRE_STOP_SECONDS}}},
        "securityContext": security.of_container(),
        "volumeMounts": mounts,
    }


def _memory_mib(routing: RoutingSettings) -> int:
    """No limit: a router that is killed cuts every stream it has."""
    cache = routing.cache
    return _MEMORY_MIB + (ceil(cache.max_bytes / _MIB) if cache.enabled else 0)


def _config(owner: Owner) -> tuple[Manifest, Manifest]:
    """A folder, not a single file: a file mounted alone never changes."""
    return (
        {"name": "config", "configMap": {"name": names.router(owner.name)}},
        {"name": "config", "mountPath": router_config.FOLDER, "readOnly": True},
    )


def _of_pod(name: str, field: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}}


def _port(name: str, number: int) -> Manifest:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _probe(path: str, scheme: str, *, period_seconds: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "http", "scheme": scheme},
        "periodSeconds": period_seconds,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }

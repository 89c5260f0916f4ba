"""The pods of a deployment's own router: replaced one by one without a gap, and never cut short while they stream.

Of all settings only the number, the longest request and the place of a shared cache are the pods' own; everything
else reaches them through their file.
"""

from math import ceil
from typing import Final

from fairlead.fleet.gateways import OwnRouter
from fairlead.fleet.wanted import SecretKey
from fairlead.objects import labels, names, ports, router_config, security
from fairlead.objects.engine_placement import spread
from fairlead.objects.labels import Role
from fairlead.objects.manifest import Manifest
from fairlead.objects.owner import Owner
from fairlead.objects.platform import Platform

CONTAINER: Final = "router"

_USER: Final = 65532
_PRE_STOP_SECONDS: Final = 5
"""Until every node and load balancer has stopped sending new connections."""
_REST_SECONDS: Final = 15
"""From the last reply to the exit, and a margin."""


def manifest(owner: Owner, router: OwnRouter, platform: Platform) -> Manifest:
    """One more is started before one goes, since a router is the only door."""
    carried = labels.child(owner.name, Role.ROUTER)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": owner.metadata(names.router(owner.name), carried),
        "spec": {
            "replicas": router.pods.replicas,
            "selector": {"matchLabels": labels.routers(owner.name)},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "revisionHistoryLimit": 2,
            "template": {"metadata": {"labels": dict(carried)}, "spec": _pod(owner, router, platform)},
        },
    }


def _pod(owner: Owner, router: OwnRouter, platform: Platform) -> Manifest:
    mounted = _mounted(owner, router.routing.cache.redis_url)
    longest = ceil(router.routing.timeouts.total_seconds)
    return {
        "containers": [_container(platform, [mount for _, mount in mounted])],
        "volumes": [volume for volume, _ in mounted],
        "terminationGracePeriodSeconds": _PRE_STOP_SECONDS + longest + _REST_SECONDS,
        "restartPolicy": "Always",
        "serviceAccountName": names.router(owner.name),
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "securityContext": security.of_pod(_USER),
        "topologySpreadConstraints": spread(labels.routers(owner.name)),
    }


def _container(platform: Platform, mounts: list[Manifest]) -> Manifest:
    """The image's own command is `fairlead`."""
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
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}},
        # A drain of the last router must be seen within the wait before its end; a stuck one costs all its streams
        # when it is restarted, so that is asked with more patience.
        "readinessProbe": _probe("/ready", period_seconds=2, failures=2),
        "livenessProbe": _probe("/health", period_seconds=5, failures=6),
        "lifecycle": {"preStop": {"sleep": {"seconds": _PRE_STOP_SECONDS}}},
        "securityContext": security.of_container(),
        "volumeMounts": mounts,
    }


def _mounted(owner: Owner, redis_url: SecretKey | None) -> list[tuple[Manifest, Manifest]]:
    """Folders, not single files: a file mounted alone never changes.

    A Secret that is missing must not keep the door shut for want of a cache, so it may be absent.
    """
    config = (
        {"name": "config", "configMap": {"name": names.router(owner.name)}},
        {"name": "config", "mountPath": router_config.FOLDER, "readOnly": True},
    )
    if redis_url is None:
        return [config]
    items = [{"key": redis_url.key, "path": router_config.REDIS_URL}]
    secret = (
        {"name": "secrets", "secret": {"secretName": redis_url.name, "items": items, "optional": True}},
        {"name": "secrets", "mountPath": router_config.SECRETS, "readOnly": True},
    )
    return [config, secret]


def _of_pod(name: str, field: str) -> Manifest:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": field}}}


def _port(name: str, number: int) -> Manifest:
    return {"name": name, "containerPort": number, "protocol": "TCP"}


def _probe(path: str, *, period_seconds: int, failures: int) -> Manifest:
    return {
        "httpGet": {"path": path, "port": "http"},
        "periodSeconds": period_seconds,
        "timeoutSeconds": 2,
        "failureThreshold": failures,
    }

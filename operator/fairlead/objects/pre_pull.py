"""The DaemonSet that holds the images of a revision on every node where a replica may run.

Its pods sleep in those images: a running container keeps the kubelet from removing its image when a disk fills up. They
take nothing that a replica could use, and no traffic.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fairlead.documents import json_document
from fairlead.fleet.desired_state import Toleration
from fairlead.objects import container_resources, labels, names, pod_placement
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest, canonical
from fairlead.objects.owner import Owner
from fairlead.objects.preflight_pods import BLIND

_KEPT: Final = ("nodeSelector", "runtimeClassName", "imagePullSecrets", "securityContext")
"""Fields of the engine's pod that decide where an image is needed, and whether it can be pulled and started there.

Not kept: the priority class, since no pod may be preempted for an image; the scheduler, which may admit whole groups
only; what spreads replicas; users' labels and annotations, by which pods are scraped, injected, queued and selected.
"""
_RESOURCES: Final = container_resources.field(
    {container_resources.CPU: "0", container_resources.MEMORY: "0", container_resources.DISK: "0"},
    {container_resources.CPU: "50m", container_resources.MEMORY: "64Mi", container_resources.DISK: "64Mi"},
)
"""No request, so that a replica that needs a whole node finds one. Stated all the same, for quotas that demand it."""
_COMMAND: Final = ("sleep", "infinity")
_GRACE_SECONDS: Final = 1
"""The first process of a container ignores SIGTERM unless it handles it, and `sleep` does not."""


def manifest(owner: Owner, template: Manifest, admitted: Sequence[Toleration] = ()) -> Manifest:
    """Build the DaemonSet from the pod template of the revision's engines, and what admission lets them tolerate.

    An update first starts the pods with the new images, on all nodes at once, and ends each old one when the new one
    beside it has pulled: until then, and if a new image can never be pulled, the old one stays on the node.
    """
    selector = labels.pre_pull(owner.name)
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": owner.metadata(names.pre_pull(owner.name), owner.child_labels(ChildRole.PRE_PULL)),
        "spec": {
            "selector": {"matchLabels": selector},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}},
            "revisionHistoryLimit": 0,
            "template": {"metadata": {"labels": dict(selector)}, "spec": _pod(owner, template["spec"], admitted)},
        },
    }


def image(live: Manifest) -> str:
    """Return the engine's image that a DaemonSet holds."""
    return str(live["spec"]["template"]["spec"]["containers"][0]["image"])


def _pod(owner: Owner, template: Manifest, admitted: Sequence[Toleration]) -> Manifest:
    engine: Manifest = json_document.read(canonical(template))
    volumes = [one for one in engine.get("volumes") or () if "image" in one]
    return {
        "containers": list(_containers(engine, {one["name"] for one in volumes})),
        **({"volumes": volumes} if volumes else {}),
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "restartPolicy": "Always",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        **{name: engine[name] for name in _KEPT if name in engine},
        **_tolerations(engine, admitted),
        **_affinity(engine),
        **_account(owner, engine),
    }


def _containers(engine: Manifest, weights: set[str]) -> Iterator[Manifest]:
    """Yield a container for each image; the engine's, which is the first, also mounts images with weights."""
    mounted: set[str] = set()
    for one in (*engine["containers"], *(engine.get("initContainers") or ())):
        if one["image"] in mounted:
            continue
        mounts = [mount for mount in one.get("volumeMounts") or () if mount["name"] in weights]
        mounted.add(one["image"])
        yield {
            "name": one["name"],
            **{name: one[name] for name in ("image", "imagePullPolicy", "securityContext") if name in one},
            "command": list(_COMMAND),
            "env": [{"name": name, "value": value} for name, value in BLIND.items()],
            **json_document.read(canonical(_RESOURCES)),
            **({"volumeMounts": mounts} if mounts else {}),
        }


def _tolerations(engine: Manifest, admitted: Sequence[Toleration]) -> dict[str, Any]:
    """The DaemonSet's controller chooses nodes before admission sees a pod, so what it adds must be in the template."""
    stated: list[Manifest] = engine.get("tolerations") or []
    more = [found for one in admitted if (found := pod_placement.toleration(one)) not in stated]
    return {"tolerations": [*stated, *more]} if stated or more else {}


def _affinity(engine: Manifest) -> dict[str, Any]:
    """Keep what chooses nodes: by what chooses pods, one that holds an image would avoid its own replicas."""
    nodes = (engine.get("affinity") or {}).get("nodeAffinity")
    return {"affinity": {"nodeAffinity": nodes}} if nodes else {}


def _account(owner: Owner, engine: Manifest) -> dict[str, Any]:
    """Keep a user's account, which may have credentials for the image; its token is not mounted."""
    account = engine.get("serviceAccountName")
    return {"serviceAccountName": account} if account and account != names.adapters(owner.name) else {}

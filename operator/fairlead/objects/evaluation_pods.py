"""Pods that work for an evaluation: one after the other, without a GPU, without a right in the cluster, and never long.

A pod is not made anew under its owner while its fingerprint is the same: it has ended, and its log is what it found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fairlead.api.kinds import API_VERSION, EVALUATION, GROUP
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.item_sources import ClaimFile, HubFile, ImageFile
from fairlead.objects import labels, names, security
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest, fingerprint

FINGERPRINT: Final = f"{GROUP}/work"
"""An annotation: the digest of what its result follows from."""
CONTAINER: Final = "evaluation"
USER: Final = 65532
READ_WITHIN_S: Final = 900
"""An image with items is pulled in that time."""
ITEMS: Final = "/items"
_DIGITS: Final = 16
NO_GPU: Final = ({"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}, {"name": "CUDA_VISIBLE_DEVICES", "value": ""})
"""Some container runtimes show all GPUs to a pod that requests none; those belong to other pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOwner:
    """The object whose pod it is, and which ends it."""

    evaluation: str
    namespace: str
    reference: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PodWork:
    """What a pod is for."""

    name: str
    seconds: int
    """The longest that it may take."""
    key: str
    """What its result follows from. The image of this operator is no part of it: an upgrade repeats nothing."""


def of_evaluation(document: Manifest) -> WorkOwner:
    """An evaluation owns the pod that reads its items."""
    about = document["metadata"]
    return WorkOwner(
        evaluation=about["name"],
        namespace=about["namespace"],
        reference={
            "apiVersion": API_VERSION,
            "kind": EVALUATION.name,
            "name": about["name"],
            "uid": about["uid"],
            "controller": True,
        },
    )


def reader(owner: WorkOwner, source: ClaimFile | ImageFile | HubFile, platform: Installation) -> Manifest:
    """The pod that reads items, with what its source asks for and nothing else."""
    words, env, volumes = _read_by(source)
    container = {
        **ours(platform, ["evaluator", "read", *words]),
        "env": [*NO_GPU, *env],
        "volumeMounts": [{"name": one["name"], "mountPath": ITEMS, "readOnly": True} for one in volumes],
    }
    pulled = source.pull_secrets if isinstance(source, ImageFile) else ()
    spec = {
        "containers": [container],
        "volumes": volumes,
        **({"imagePullSecrets": [{"name": one} for one in pulled]} if pulled else {}),
    }
    work = PodWork(name=names.items(owner.evaluation), seconds=READ_WITHIN_S, key=repr(source))
    return pod(owner, work, spec)


def pod(owner: WorkOwner, work: PodWork, spec: Manifest) -> Manifest:
    """A whole pod. A volume of somebody else's keeps its owners and modes: no group is set on it."""
    context = {key: value for key, value in security.of_pod(USER).items() if not key.startswith("fsGroup")}
    whole = spec | {
        "restartPolicy": "Never",
        "activeDeadlineSeconds": work.seconds,
        "terminationGracePeriodSeconds": 5,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": context,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": work.name,
            "namespace": owner.namespace,
            "labels": labels.evaluation(owner.evaluation),
            "annotations": {FINGERPRINT: fingerprint(work.key, _DIGITS)},
            "ownerReferences": [dict(owner.reference)],
        },
        "spec": whole,
    }


def ours(platform: Installation, args: Sequence[str]) -> Manifest:
    """A container of the operator's own image."""
    return {
        "name": CONTAINER,
        "image": platform.image,
        "imagePullPolicy": platform.pull_policy,
        "args": list(args),
        "resources": {"requests": {"cpu": "50m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": security.of_container(),
    }


def belongs(live: Manifest, owner: WorkOwner) -> bool:
    """Whether a live pod was made for this very object."""
    owners = live["metadata"].get("ownerReferences") or ()
    return any(one["uid"] == owner.reference["uid"] for one in owners)


def is_same_work(live: Manifest, wanted: Manifest) -> bool:
    """Whether a live pod does, or did, what is wanted."""
    noted = (live["metadata"].get("annotations") or {}).get(FINGERPRINT)
    return bool(noted == wanted["metadata"]["annotations"][FINGERPRINT])


def _read_by(source: ClaimFile | ImageFile | HubFile) -> tuple[list[str], list[Manifest], list[Manifest]]:
    """Arguments, variables and volumes."""
    if isinstance(source, HubFile):
        words = ["--hub", source.endpoint, "--repository", source.repository, "--revision", source.revision]
        return [*words, "--path", source.path], [_token(source.token)] if source.token else [], []
    if isinstance(source, ClaimFile):
        volume: Manifest = {"persistentVolumeClaim": {"claimName": source.claim, "readOnly": True}}
    else:
        volume = {"image": {"reference": source.reference}}
    return ["--file", f"{ITEMS}/{source.path}"], [], [{"name": "items"} | volume]


def _token(key: SecretKey) -> Manifest:
    return {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": key.name, "key": key.key}}}

"""Pods that work for an evaluation: one after the other, without a GPU or any right in the cluster, and never long.

A pod is not created again under its owner while its fingerprint is the same: it has ended, and its log is its result.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fairlead.api.kinds import API_VERSION, EVALUATION, GROUP
from fairlead.fleet.conversations import ConfigMapKey
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.item_sources import ClaimFile, HubFile, ImageFile, ItemSource
from fairlead.objects import answer_journals, labels, names, security
from fairlead.objects.installation import Installation
from fairlead.objects.manifest import Manifest, fingerprint
from fairlead.objects.pull_secrets import pulled

FINGERPRINT: Final = f"{GROUP}/work"
"""An annotation: the digest of everything that decides its result."""
CONTAINER: Final = "evaluation"
RELAY: Final = "relay"
"""The container that passes a runner's requests on; the kubelet restarts it."""
USER: Final = 65532
READ_WITHIN_S: Final = 900
"""Long enough to pull an image with items."""
ITEMS: Final = "/items"
VOLUME: Final = "source"
_DIGITS: Final = 16
PodSource = ClaimFile | ImageFile | HubFile
"""Sources that only a pod can read."""
NO_GPU: Final = ({"name": "NVIDIA_VISIBLE_DEVICES", "value": "void"}, {"name": "CUDA_VISIBLE_DEVICES", "value": ""})
"""Some container runtimes show all GPUs to a pod that requests none; those belong to other pods."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOwner:
    """The owner of a pod, which is deleted with it."""

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
    """Everything that decides its result. The image of this operator is not part of it: an upgrade repeats nothing."""
    labels: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    """Annotations that change while it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWay:
    """How a container reads a file: words of a command, variables, and what is mounted."""

    words: tuple[str, ...]
    env: tuple[Manifest, ...] = ()
    volumes: list[Manifest] = field(default_factory=list)
    mounts: list[Manifest] = field(default_factory=list)
    pull_secrets: tuple[str, ...] = ()


def of_evaluation(document: Manifest) -> WorkOwner:
    """Return the owner of the pod that reads items."""
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


def of_revision(evaluation: str, holder: Manifest) -> WorkOwner:
    """Return a revision's Deployment, or an adapter, as the owner of the pods that query it, and of their results."""
    namespace = holder["metadata"]["namespace"]
    return WorkOwner(evaluation=evaluation, namespace=namespace, reference=answer_journals.reference(holder))


def addresses(pods: Sequence[Manifest]) -> tuple[str, ...]:
    """Return known addresses in a stable order."""
    return tuple(sorted(ip for one in pods if (ip := (one.get("status") or {}).get("podIP"))))


def reader(owner: WorkOwner, source: PodSource, installation: Installation, *, beside: bool = False) -> Manifest:
    """Build the pod that reads items, with what its source needs; `beside`: a digest of their folder too."""
    way = ways_to(source, ITEMS)
    words = [*way.words, *(["--beside"] if beside else [])]
    container = ours(installation, ["evaluator", "read", *words]) | {
        "env": [*NO_GPU, *way.env],
        "volumeMounts": way.mounts,
    }
    spec = {
        "containers": [container],
        "volumes": way.volumes,
        **pulled((*installation.pull_secrets, *way.pull_secrets)),
    }
    work = PodWork(name=names.items(owner.evaluation), seconds=READ_WITHIN_S, key=repr((source, beside)))
    return pod(owner, work, spec, installation)


def pod(owner: WorkOwner, work: PodWork, spec: Manifest, installation: Installation) -> Manifest:
    """Build a whole pod. Volumes of other owners keep their modes: no group is set on them."""
    usual = security.of_pod(USER, assigned=installation.assigned_users)
    context = {key: value for key, value in usual.items() if not key.startswith("fsGroup")}
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
            "labels": labels.evaluation(owner.evaluation) | dict(work.labels),
            "annotations": {FINGERPRINT: fingerprint(work.key, _DIGITS), **work.notes},
            "ownerReferences": [dict(owner.reference)],
        },
        "spec": whole,
    }


def ours(installation: Installation, args: Sequence[str]) -> Manifest:
    """Build a container of the operator's own image."""
    return {
        "name": CONTAINER,
        "image": installation.image,
        "imagePullPolicy": installation.pull_policy,
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
    """Whether a live pod does, or did, the wanted work."""
    noted = (live["metadata"].get("annotations") or {}).get(FINGERPRINT)
    return bool(noted == wanted["metadata"]["annotations"][FINGERPRINT])


def ways_to(source: ItemSource, folder: str) -> SourceWay:
    """Return how a container of ours reads the file, mounted at this folder if it can be mounted."""
    if isinstance(source, HubFile):
        words = ("--hub", source.endpoint, "--repository", source.repository, "--revision", source.revision)
        env = (_token(source.token),) if source.token else ()
        return SourceWay(words=(*words, "--path", source.path), env=env)
    volume = {"name": VOLUME} | _volume(source)
    path = source.key if isinstance(source, ConfigMapKey) else source.path
    return SourceWay(
        words=("--file", f"{folder}/{path}"),
        volumes=[volume],
        mounts=[{"name": VOLUME, "mountPath": folder, "readOnly": True}],
        pull_secrets=source.pull_secrets if isinstance(source, ImageFile) else (),
    )


def _volume(source: ConfigMapKey | ClaimFile | ImageFile) -> Manifest:
    if isinstance(source, ConfigMapKey):
        return {"configMap": {"name": source.name}}
    if isinstance(source, ClaimFile):
        return {"persistentVolumeClaim": {"claimName": source.claim, "readOnly": True}}
    return {"image": {"reference": source.reference}}


def _token(key: SecretKey) -> Manifest:
    return {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": key.name, "key": key.key}}}

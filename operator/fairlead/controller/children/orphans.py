"""Pods and Deployments that lost the labels they are selected by: their owner, and the labels they lack. Pure.

A ReplicaSet releases a pod whose labels it no longer selects, and removes its owner reference. The pod's `generateName`
is immutable and stays: the Deployment's name, and the hash of its template.
"""

from collections.abc import Iterable, Mapping

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.objects import applied_hash, engine_deployment, labels
from fairlead.objects.owner import Owner

_MANAGER, _US = labels.MANAGED_BY.split("=")


def maker(pod: Manifest, deployments: Iterable[Manifest]) -> Manifest | None:
    """Return the Deployment whose ReplicaSet made this pod; None if another controller owns it now."""
    found = next((one for one in deployments if _hash(pod, one)), None)
    controller = snapshot.controller_of(pod)
    if found is None or (controller and controller.get("name") != _replica_set(pod)):
        return None
    return found


def maker_name(pod: Manifest) -> str:
    """Return the name of the Deployment that made this pod; empty if none can have."""
    return _replica_set(pod).rpartition("-")[0]


def is_given_up(pod: Manifest) -> bool:
    """Whether it exists without a controller, or with a ReplicaSet that has not yet noticed what it lost."""
    controller = snapshot.controller_of(pod)
    ended = pod.get("status", {}).get("phase") in pods.ENDED
    return bool(maker_name(pod)) and not ended and (not controller or controller.get("name") == _replica_set(pod))


def born_with(pod: Manifest, made_by: Manifest) -> Mapping[str, str]:
    """Return every label that its ReplicaSet gave the pod."""
    template: Mapping[str, str] = made_by["spec"]["template"]["metadata"].get("labels") or {}
    return {**template, snapshot.TEMPLATE_HASH: _hash(pod, made_by)}


def due(pod: Manifest, made_by: Manifest) -> tuple[str, ...]:
    """Return the names of those labels that the pod lacks or has with another value."""
    carried = pod["metadata"].get("labels") or {}
    return tuple(sorted(name for name, value in born_with(pod, made_by).items() if carried.get(name) != value))


def is_unmarked(deployment: Manifest) -> bool:
    """Whether a revision's Deployment lost labels that our children are selected by."""
    carried = deployment["metadata"].get("labels") or {}
    wanted = deployment["spec"]["selector"]["matchLabels"] | {_MANAGER: _US}
    return any(carried.get(name) != value for name, value in wanted.items())


def as_it_stood(deployment: Manifest, owner: Owner) -> Manifest:
    """Rebuild a revision's Deployment from what is written on it: its template, its count, its facts."""
    template = engine_deployment.stored_template(deployment) or deployment["spec"]["template"]
    made = applied_hash.with_applied_hash(
        engine_deployment.manifest(
            owner, snapshot.revision_facts(deployment), template, snapshot.requested_replicas(deployment)
        )
    )
    return made | {"metadata": made["metadata"] | {"uid": deployment["metadata"]["uid"]}}


def held(pod: Manifest) -> str:
    """Return the extended resources that it holds on its node, such as `1 nvidia.com/gpu`; empty if none."""
    containers = pod.get("spec", {}).get("containers") or ()
    limits = [one.get("resources", {}).get("limits") or {} for one in containers]
    named = sorted({name for some in limits for name in some if "/" in name})
    counted = [(sum(int(some.get(name, 0)) for some in limits), name) for name in named]
    return ", ".join(f"{number} {name}" for number, name in counted if number)


def _replica_set(pod: Manifest) -> str:
    return str(pod["metadata"].get("generateName") or "").removesuffix("-")


def _hash(pod: Manifest, deployment: Manifest) -> str:
    """Return the hash of the pod's template, if by its name it is this Deployment's pod."""
    head, dash, rest = _replica_set(pod).rpartition("-")
    same = pod["metadata"].get("namespace") == deployment["metadata"].get("namespace")
    return rest if dash and same and head == deployment["metadata"]["name"] else ""

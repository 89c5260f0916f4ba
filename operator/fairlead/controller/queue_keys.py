"""Which keys a change wakes: the object's, its owner's, or those of deployments that name a shared object. Pure."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from fairlead.api import kinds as ours
from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.objects import labels
from fairlead.review.context import ObjectKey

AllDeployments = Callable[[], Iterable[Manifest]]
"""Called only where a change concerns more than one object, since it sorts all deployments."""

SHARED: Final = {
    kinds.AUTOSCALING_POLICY: ours.POLICY.name,
    kinds.INFERENCE_GATEWAY: ours.GATEWAY.name,
}


def keys(resource: Resource, old: Manifest | None, new: Manifest | None, fleet: AllDeployments) -> Iterator[ObjectKey]:
    """The keys of all objects to reconcile; `fleet` lists all deployments."""
    manifest = new or old
    assert manifest is not None
    if resource is kinds.INFERENCE_DEPLOYMENT:
        yield deployment(manifest)
        yield from _policies(old, new)
    elif resource in SHARED:
        kind = SHARED[resource]
        metadata = manifest["metadata"]
        yield ObjectKey(kind, metadata["namespace"], metadata["name"])
        yield from (deployment(one) for one in fleet() if _names(one, kind, manifest))
    elif resource is kinds.NODE:
        if _gpu_facts(old) != _gpu_facts(new):
            yield from (deployment(one) for one in fleet())
    else:
        yield from {key for one in (old, new) if one is not None for key in _owner(one)}
        if resource is kinds.POD and new is None:
            yield from (deployment(one) for one in fleet() if _is_short(one))


def deployment(manifest: Manifest) -> ObjectKey:
    """The key of an InferenceDeployment."""
    return ObjectKey(ours.DEPLOYMENT.name, manifest["metadata"]["namespace"], manifest["metadata"]["name"])


def _owner(child: Manifest) -> Iterator[ObjectKey]:
    name = (child["metadata"].get("labels") or {}).get(labels.DEPLOYMENT)
    if name:
        yield ObjectKey(ours.DEPLOYMENT.name, child["metadata"]["namespace"], name)


def _policies(old: Manifest | None, new: Manifest | None) -> Iterator[ObjectKey]:
    """The policies that a deployment names or named, since a policy's status counts its users."""
    before, after = (_named(one, "AutoscalingPolicy") for one in (old, new))
    manifest = new or old
    assert manifest is not None
    for name in {before, after} - {None} if before != after else ():
        yield ObjectKey(ours.POLICY.name, manifest["metadata"]["namespace"], str(name))


def _names(one: Manifest, kind: str, shared: Manifest) -> bool:
    metadata = shared["metadata"]
    return bool(one["metadata"]["namespace"] == metadata["namespace"] and _named(one, kind) == metadata["name"])


def _named(one: Manifest | None, kind: str) -> str | None:
    spec = (one or {}).get("spec") or {}
    holder = spec if kind == ours.GATEWAY.name else spec.get("scaling") or {}
    field = "gateway" if kind == ours.GATEWAY.name else "policy"
    found = (holder.get(field) or {}).get("name")
    return found if isinstance(found, str) else None


def _gpu_facts(node: Manifest | None) -> object:
    """The fields of a node that placement depends on; its heartbeat is none."""
    if node is None:
        return None
    return (
        node["metadata"].get("labels"),
        node.get("status", {}).get("allocatable"),
        node.get("spec", {}).get("unschedulable", False),
        node.get("spec", {}).get("taints"),
        pods.condition(node, "Ready").get("status"),
    )


def _is_short(one: Manifest) -> bool:
    """Whether it waits for GPUs that a removed pod may have held."""
    return pods.condition(one, "Scheduled").get("status") == "False"

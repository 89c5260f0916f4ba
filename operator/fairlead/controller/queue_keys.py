"""Which keys a change wakes: the object's, its owner's, or those of deployments that name a shared object. Pure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from fairlead.api import kinds as ours
from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.adapters import deployment_adapters
from fairlead.fleet.gateways import GatewayReference
from fairlead.objects import labels
from fairlead.objects.network_policies import admitted
from fairlead.review import evaluations, gateway_membership, speculation_switch
from fairlead.review.context import ObjectKey

AllDeployments = Callable[[], Iterable[Manifest]]
"""Called only if a change concerns more than one object, since it sorts all deployments."""
AllAdapters = Callable[[], Iterable[Manifest]]

SHARED: Final = {kinds.AUTOSCALING_POLICY: ours.POLICY.name}


def keys(
    resource: Resource,
    old: Manifest | None,
    new: Manifest | None,
    fleet: AllDeployments,
    adapters: AllAdapters = tuple,
) -> Iterator[ObjectKey]:
    """Yield the keys of all objects to reconcile; `fleet` lists all deployments."""
    manifest = new or old
    assert manifest is not None
    if resource is kinds.INFERENCE_DEPLOYMENT:
        yield deployment(manifest)
        yield from _policies(old, new)
    elif resource is kinds.INFERENCE_GATEWAY:
        yield ObjectKey(ours.GATEWAY.name, manifest["metadata"]["namespace"], manifest["metadata"]["name"])
    elif resource in (kinds.EVALUATION, kinds.ADAPTER):
        yield _of_kind(resource, manifest)
        if resource is kinds.EVALUATION:
            yield from _judged(old, new, fleet)
    elif resource in SHARED:
        kind = SHARED[resource]
        metadata = manifest["metadata"]
        yield ObjectKey(kind, metadata["namespace"], metadata["name"])
        users = [one for one in fleet() if _names(one, manifest)] if _policy_facts(old) != _policy_facts(new) else []
        yield from (deployment(one) for one in users)
        yield from {gateway(named) for one in users for named in gateway_membership.named(one)}
    elif resource in (kinds.NODE, kinds.PRIORITY_CLASS):
        yield from _placed(resource, old, new, fleet)
    else:
        yield from {key for one in (old, new) if one is not None for key in _owner(one)}
        if resource is kinds.POD and new is None:
            yield from (deployment(one) for one in fleet() if _is_short(one))
        if resource is kinds.POD and old is None:
            yield from (_of_kind(kinds.ADAPTER, one) for one in adapters() if _is_for(one, manifest))
    yield from across(resource, old, new, fleet)


def across(
    resource: Resource, old: Manifest | None, new: Manifest | None, fleet: AllDeployments
) -> Iterator[ObjectKey]:
    """Yield the keys that our own writes wake too: across a gateway, and what serves an adapter."""
    both = [one for one in (old, new) if one is not None]
    if resource is kinds.ADAPTER:
        yield from _served_by(old, new, fleet)
    if resource is kinds.INFERENCE_DEPLOYMENT and _routing_facts(old) != _routing_facts(new):
        yield from {gateway(one) for each in both for one in gateway_membership.named(each)}
    elif resource is kinds.INFERENCE_GATEWAY and (_gateway_facts(old), _routed(old)) != (
        _gateway_facts(new),
        _routed(new),
    ):
        yield from _members(old, new, fleet)
    elif resource is kinds.NETWORK_POLICY:
        yield from {gateway(one) for each in both for one in admitted(each)}


def deployment(manifest: Manifest) -> ObjectKey:
    """Return the key of an InferenceDeployment."""
    return ObjectKey(ours.DEPLOYMENT.name, manifest["metadata"]["namespace"], manifest["metadata"]["name"])


def _placed(
    resource: Resource, old: Manifest | None, new: Manifest | None, fleet: AllDeployments
) -> Iterator[ObjectKey]:
    """Yield the deployments whose room a node or a priority class changes."""
    if resource is kinds.PRIORITY_CLASS:
        yield from (deployment(one) for one in fleet() if _is_short(one))
    elif _gpu_facts(old) != _gpu_facts(new):
        yield from (deployment(one) for one in fleet())


def _of_kind(resource: Resource, manifest: Manifest) -> ObjectKey:
    return ObjectKey(resource.kind, manifest["metadata"]["namespace"], manifest["metadata"]["name"])


def _is_for(adapter: Manifest, pod: Manifest) -> bool:
    """Whether a pod is a replica of the deployment that an adapter names: until there was one, nothing polled it."""
    served = (pod["metadata"].get("labels") or {}).get(labels.DEPLOYMENT)
    here = adapter["metadata"]["namespace"] == pod["metadata"]["namespace"]
    return bool(here and served and (adapter.get("spec") or {}).get("deployment") == served)


def _owner(child: Manifest) -> Iterator[ObjectKey]:
    carried = child["metadata"].get("labels") or {}
    for label, kind in ((labels.DEPLOYMENT, ours.DEPLOYMENT.name), (labels.GATEWAY, ours.GATEWAY.name)):
        if name := carried.get(label):
            yield ObjectKey(kind, child["metadata"]["namespace"], name)


def _policies(old: Manifest | None, new: Manifest | None) -> Iterator[ObjectKey]:
    """Yield the policies that a deployment names or named: their status counts users and warns of each one's spec."""
    before, after = (_named_policy(one) for one in (old, new))
    edited = before != after or _generation(old) != _generation(new)
    manifest = new or old
    assert manifest is not None
    for name in {before, after} - {None} if edited else ():
        yield ObjectKey(ours.POLICY.name, manifest["metadata"]["namespace"], str(name))


def _generation(one: Manifest | None) -> object:
    return one["metadata"].get("generation") if one is not None else None


def gateway(reference: GatewayReference) -> ObjectKey:
    """Return the key of an InferenceGateway."""
    return ObjectKey(ours.GATEWAY.name, reference.namespace, reference.name)


def _joins(one: Manifest, manifest: Manifest) -> bool:
    metadata = manifest["metadata"]
    return GatewayReference(namespace=metadata["namespace"], name=metadata["name"]) in gateway_membership.named(one)


def _names(one: Manifest, policy: Manifest) -> bool:
    metadata = policy["metadata"]
    return bool(one["metadata"]["namespace"] == metadata["namespace"] and _named_policy(one) == metadata["name"])


def _wanted_of(adapter: Manifest | None) -> object:
    """Return what a deployment and its routers depend on in an adapter."""
    if adapter is None or "deletionTimestamp" in adapter["metadata"]:
        return None
    return adapter.get("spec"), *_share_facts(adapter.get("status") or {})


def _share_facts(status: Manifest) -> tuple[object, ...]:
    """Return the status fields that decide a share of the traffic."""
    canary = status.get("canary") or {}
    return tuple(canary.get(name) for name in ("revision", "phase", "step", "reachedAt"))


def _served_by(old: Manifest | None, new: Manifest | None, fleet: AllDeployments) -> Iterator[ObjectKey]:
    """Yield the deployments that an adapter names or named, and their gateways."""
    if _wanted_of(old) == _wanted_of(new):
        return
    there = [one for one in (old, new) if one is not None]
    named = {(one["metadata"]["namespace"], (one.get("spec") or {}).get("deployment")) for one in there}
    for one in fleet():
        if (one["metadata"]["namespace"], one["metadata"]["name"]) in named:
            yield deployment(one)
            yield from {gateway(each) for each in gateway_membership.named(one)}


def _items(evaluation: Manifest | None) -> object:
    """Return what a canary depends on in an evaluation."""
    return ((evaluation or {}).get("status") or {}).get("digest")


def _judged(old: Manifest | None, new: Manifest | None, fleet: AllDeployments) -> Iterator[ObjectKey]:
    """Yield the deployments whose canary an evaluation judges, if its items changed."""
    manifest = new or old
    assert manifest is not None
    if _items(old) != _items(new):
        yield from (deployment(one) for one in fleet() if _is_judged_by(one, manifest))


def _is_judged_by(one: Manifest, evaluation: Manifest) -> bool:
    metadata = evaluation["metadata"]
    named = evaluations.named(one)
    return bool(one["metadata"]["namespace"] == metadata["namespace"] and named == metadata["name"])


def _policy_facts(policy: Manifest | None) -> object:
    """Return what its users depend on in a policy, without its status, which names each decision of the autoscaler."""
    if policy is None:
        return None
    metadata = policy["metadata"]
    return metadata.get("uid"), metadata.get("generation"), "deletionTimestamp" in metadata


def _named_policy(one: Manifest | None) -> str | None:
    return speculation_switch.policy_of(one) if one is not None else None


def _routing_facts(document: Manifest | None) -> object:
    """Return the fields of a deployment that a gateway's routers, or its status, depend on."""
    if document is None:
        return None
    status, metadata = document.get("status") or {}, document["metadata"]
    scaling = status.get("scaling") or {}
    going = "deletionTimestamp" in metadata
    facts = metadata.get("generation"), status.get("readyReplicas"), scaling.get("speculation")
    return going, deployment_adapters.is_accepted(document), *facts, *_share_facts(status)


def _gateway_facts(document: Manifest | None) -> object:
    """Return the fields of a gateway that all its deployments' conditions depend on, without tenants' usage."""
    if document is None:
        return None
    status, metadata = document.get("status") or {}, document["metadata"]
    going = "deletionTimestamp" in metadata
    return going, metadata.get("generation"), status.get("readyReplicas")


def _routed(document: Manifest | None) -> Mapping[str, Sequence[Manifest]]:
    """Return what a gateway's status says of each target, by the target's name; a target may serve several models."""
    found: defaultdict[str, list[Manifest]] = defaultdict(list)
    for model in ((document or {}).get("status") or {}).get("models") or ():
        for target in model.get("targets") or ():
            found[str(target.get("name"))].append(target)
    return found


def _members(old: Manifest | None, new: Manifest | None, fleet: AllDeployments) -> Iterator[ObjectKey]:
    """Yield the deployments that join a gateway and that its change concerns: one target's pods only that one."""
    manifest = new or old
    assert manifest is not None
    before, after = _routed(old), _routed(new)
    every = _gateway_facts(old) != _gateway_facts(new)
    for one in fleet():
        name = f"{one['metadata']['namespace']}/{one['metadata']['name']}"
        if _joins(one, manifest) and (every or before.get(name) != after.get(name)):
            yield deployment(one)


def _gpu_facts(node: Manifest | None) -> object:
    """Return the fields of a node that placement depends on, without its heartbeat."""
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

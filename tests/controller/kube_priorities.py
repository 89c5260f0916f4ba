"""What Kubernetes does with priorities: numbers at admission, and a scheduler that ends pods for higher ones."""

from collections.abc import Iterable
from typing import Any

from fairlead.cluster import gpu_nodes

Manifest = dict[str, Any]

PREEMPTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "PreemptionByScheduler",
    "message": "default-scheduler: preempting to accommodate a higher priority pod",
}


def priority_class(name: str, value: int, **fields: object) -> Manifest:
    """A PriorityClass."""
    return {"metadata": {"name": name}, "value": value} | fields


def admitted(spec: Manifest, classes: Iterable[Manifest]) -> Manifest:
    """The fields that admission writes into a pod's spec; none in a cluster without classes."""
    some = {one["metadata"]["name"]: one for one in classes}
    if not some:
        return {}
    default = next((name for name, one in some.items() if one.get("globalDefault")), "")
    found = some.get(spec.get("priorityClassName", default), {})
    return {
        "priority": found.get("value", 0),
        "preemptionPolicy": found.get("preemptionPolicy", "PreemptLowerPriority"),
    }


def priority(pod: Manifest) -> int:
    """What admission wrote; 0 where it wrote nothing."""
    return int(pod["spec"].get("priority", 0))


def victims(
    pod: Manifest, nodes: Iterable[Manifest], everyone: Iterable[Manifest], resource: str
) -> tuple[str, list[Manifest]]:
    """The first selected node where ending pods of a lower priority makes room, and these pods, the lowest first."""
    selector, some = pod["spec"].get("nodeSelector") or {}, list(everyone)
    for node in nodes:
        name, labels = node["metadata"]["name"], node["metadata"]["labels"]
        there = [one for one in some if one["spec"].get("nodeName") == name and gpu_nodes.held_gpus(one, resource)]
        if not selector.items() <= labels.items():
            continue
        if chosen := _chosen(pod, there, int(node["status"]["allocatable"].get(resource, "0")), resource):
            return name, chosen
    return "", []


def _chosen(pod: Manifest, there: list[Manifest], gpus: int, resource: str) -> list[Manifest]:
    """None while a lower one is ending: the scheduler waits for those that it has already chosen."""
    lower = sorted((one for one in there if priority(one) < priority(pod)), key=priority)
    if pod["spec"].get("preemptionPolicy") == "Never" or any("deletionTimestamp" in one["metadata"] for one in lower):
        return []
    wants = gpu_nodes.held_gpus(pod, resource)
    free, chosen = gpus - sum(gpu_nodes.held_gpus(one, resource) for one in there), list[Manifest]()
    while lower and free < wants:
        chosen.append(lower.pop(0))
        free += gpu_nodes.held_gpus(chosen[-1], resource)
    return chosen if free >= wants else []


def ended(pod: Manifest) -> Manifest:
    """A pod with the condition that the scheduler writes before it deletes it."""
    status = pod.get("status") or {}
    return pod | {"status": status | {"conditions": [*(status.get("conditions") or ()), PREEMPTED]}}

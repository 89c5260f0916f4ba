"""What the scheduler says of pods: gates, taints, and that they have a node."""

from typing import Any

Manifest = dict[str, Any]


def tainted(node: Manifest, pod: Manifest) -> str:
    """The scheduler's words if the node has a taint that the pod's tolerations do not name; else empty."""
    named = {(one.get("key"), one.get("value")) for one in pod["spec"].get("tolerations") or ()}
    taints = node.get("spec", {}).get("taints") or ()
    of = next((one for one in taints if (one["key"], one["value"]) not in named), None)
    return f"node(s) had untolerated taint {{{of['key']}: {of['value']}}}" if of else ""


def gated(pod: Manifest) -> Manifest:
    """A pod that a queue of Kueue holds back."""
    texts = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": "Scheduling is blocked"}
    gates = {"schedulingGates": [{"name": "kueue.x-k8s.io/admission"}]}
    return pod | {"spec": pod["spec"] | gates, "status": {"phase": "Pending", "conditions": [texts]}}


def placed() -> Manifest:
    """The condition of a pod that has a node."""
    return {"type": "PodScheduled", "status": "True"}

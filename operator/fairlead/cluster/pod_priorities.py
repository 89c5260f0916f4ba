"""Priorities of pods and of their classes, and what the scheduler records when it preempts. Pure: reads manifests."""

from collections.abc import Iterable
from typing import Final

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import DEPLOYMENT_LABEL, GATEWAY_LABEL, NamespacedName
from fairlead.fleet.priorities import PodPriority, RankedPod

DISRUPTED: Final = "DisruptionTarget"
BY_SCHEDULER: Final = "PreemptionByScheduler"


def of_class(classes: Iterable[Manifest], name: str | None) -> PodPriority | None:
    """Return what the class of this name gives, or without a name the cluster's default.

    None: no class can be read, or there is none of this name. A cluster always has two of its own, so no class at all
    means that the right to list them is missing.
    """
    some = list(classes)
    if name is None:
        found = next((one for one in some if one.get("globalDefault")), None)
        return _given(found) if found else PodPriority() if some else None
    found = next((one for one in some if one["metadata"]["name"] == name), None)
    return _given(found) if found else None


def ranked(pod: Manifest, own: NamespacedName | None = None) -> RankedPod:
    """Return a pod as preemption sees it; `own` is the deployment for which room is sought."""
    return RankedPod(
        priority=priority(pod), ending="deletionTimestamp" in pod["metadata"], own=own is not None and owner(pod) == own
    )


def priority(pod: Manifest) -> int | None:
    """Return the number that the API server wrote when it admitted the pod."""
    found = pod.get("spec", {}).get("priority")
    return found if isinstance(found, int) else None


def owner(pod: Manifest) -> NamespacedName:
    """Return the deployment of a pod; its name is empty if it has none."""
    metadata = pod["metadata"]
    return NamespacedName(metadata.get("namespace") or "", (metadata.get("labels") or {}).get(DEPLOYMENT_LABEL, ""))


def owners_title(pod: Manifest) -> str:
    """Name its deployment or gateway for people; a pod of another program is none of ours."""
    (namespace, deployment), carried = owner(pod), pod["metadata"].get("labels") or {}
    gateway = "" if deployment else carried.get(GATEWAY_LABEL, "")
    return f"gateway {namespace}/{gateway}" if gateway else f"{namespace}/{deployment}"


def is_preempted(pod: Manifest) -> bool:
    """Whether the scheduler ends it for a pod of a higher priority."""
    found = pods.condition(pod, DISRUPTED)
    return found.get("status") == "True" and found.get("reason") == BY_SCHEDULER


def kept_node(pod: Manifest) -> str:
    """Return the node that the scheduler keeps for a pod until others have ended there; empty if there is none."""
    return str(pod.get("status", {}).get("nominatedNodeName") or "")


def _given(found: Manifest) -> PodPriority:
    value = found.get("value")
    return PodPriority(value=value if isinstance(value, int) else 0, preempts=found.get("preemptionPolicy") != "Never")

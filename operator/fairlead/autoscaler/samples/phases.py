"""The phase of an engine pod, from its manifest and its node's. Pure."""

from collections.abc import Collection, Iterable
from typing import Final

from fairlead.cluster import pod_starts, pods, status_freshness
from fairlead.cluster.kinds import Manifest
from fairlead.objects import labels
from fairlead.scaling.facts import EnginePodPhase

MOMENT_S: Final = 3.0
"""How long Unschedulable must last: the scheduler also reports it while a deleted pod's GPU is just being freed."""


def phase(pod: Manifest, lost_nodes: Collection[str], now: float) -> EnginePodPhase:
    """Return the phase by Kubernetes' own fields; samples and routers show whether a ready pod makes progress."""
    if _is_dead(pod, lost_nodes):
        return EnginePodPhase.DEAD
    if "deletionTimestamp" in pod["metadata"]:
        return EnginePodPhase.DRAINING
    if not pod.get("spec", {}).get("nodeName"):
        return EnginePodPhase.UNPLACEABLE if _is_refused(pod, now) else EnginePodPhase.PENDING
    if labels.ASLEEP in (pod["metadata"].get("annotations") or {}):
        return EnginePodPhase.ASLEEP
    if pods.is_ready(pod):
        return EnginePodPhase.READY
    return EnginePodPhase.PULLING if pod_starts.waits_for_image(pod) else EnginePodPhase.STARTING


def lost(nodes: Iterable[Manifest]) -> frozenset[str]:
    """Return nodes with status Unknown: their pods do not count, as no kubelet updates their status."""
    return frozenset(
        one["metadata"]["name"] for one in nodes if pods.condition(one, "Ready").get("status") == "Unknown"
    )


def begun_at(pod: Manifest) -> float:
    """Return when its engine's container started, or before that when the pod was created; in seconds since the epoch.

    The wait for a node or an image is no part of the engine's cold start.
    """
    begun = pod_starts.started_at(pod)
    return begun.timestamp() if begun else status_freshness.moment(pod["metadata"].get("creationTimestamp")) or 0.0


def ready_at(pod: Manifest) -> float | None:
    """Return since when it is ready; None while it is not."""
    ready = pods.condition(pod, "Ready")
    return status_freshness.moment(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None


def _is_dead(pod: Manifest, lost_nodes: Collection[str]) -> bool:
    status = pod.get("status", {})
    on = pod.get("spec", {}).get("nodeName") or ""
    return status.get("phase") in pods.ENDED or status.get("reason") == "NodeLost" or on in lost_nodes


def _is_refused(pod: Manifest, now: float) -> bool:
    """Return whether it has been unschedulable for at least `MOMENT_S`."""
    since = status_freshness.moment(pods.condition(pod, "PodScheduled").get("lastTransitionTime"))
    return pods.unplaced(pod) is not None and (since is None or now - since >= MOMENT_S)

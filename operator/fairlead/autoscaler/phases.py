"""Where an engine pod is on its way, from its manifest and its node's. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from fairlead.cluster import pod_starts, pods
from fairlead.cluster.kinds import Manifest
from fairlead.objects import labels
from fairlead.scaling.facts import EnginePodPhase

MOMENT_S: Final = 3.0
"""The scheduler says Unschedulable of a pod whose predecessor's GPU is being given back this very second too."""


def phase(pod: Manifest, lost_nodes: Collection[str], now: float) -> EnginePodPhase:
    """As Kubernetes tells it; that a ready one makes no progress is for figures and routers to say."""
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
    """Nodes whose kubelet is silent: what ran there does not count, whatever its pods still say of themselves."""
    return frozenset(
        one["metadata"]["name"] for one in nodes if pods.condition(one, "Ready").get("status") == "Unknown"
    )


def begun_at(pod: Manifest) -> float:
    """When its engine's container started, before that when it was made; in seconds since the epoch.

    What a pod waits for a node or an image is no part of its engine's cold start.
    """
    begun = pod_starts.started_at(pod)
    return begun.timestamp() if begun else moment(pod["metadata"].get("creationTimestamp")) or 0.0


def ready_at(pod: Manifest) -> float | None:
    """Since when it is ready; nothing while it is not."""
    ready = pods.condition(pod, "Ready")
    return moment(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None


def moment(text: object) -> float | None:
    """A time as objects carry it."""
    try:
        return datetime.fromisoformat(text).timestamp() if isinstance(text, str) else None
    except ValueError:
        return None


def _is_dead(pod: Manifest, lost_nodes: Collection[str]) -> bool:
    status = pod.get("status", {})
    on = pod.get("spec", {}).get("nodeName") or ""
    return status.get("phase") in pods.ENDED or status.get("reason") == "NodeLost" or on in lost_nodes


def _is_refused(pod: Manifest, now: float) -> bool:
    """For longer than a moment."""
    since = moment(pods.condition(pod, "PodScheduled").get("lastTransitionTime"))
    return pods.unplaced(pod) is not None and (since is None or now - since >= MOMENT_S)

"""One pod as Kubernetes tells it, turned into what a rollout or an autoscaler cares about. Pure: reads manifests."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from fairlead.fleet.rollouts import RolloutReplica
from fairlead.objects import labels

Manifest: TypeAlias = dict[str, Any]

ENDED: Final = frozenset({"Succeeded", "Failed"})
"""Phases of pods that hold nothing any more and only wait to be removed."""


def replicas(pods: Iterable[Manifest], routable: Mapping[str, bool]) -> tuple[RolloutReplica, ...]:
    """Pods that still hold GPUs, by name, so that the same cluster gives the same answer."""
    held = (pod for pod in pods if pod.get("status", {}).get("phase") not in ENDED)
    return tuple(sorted((replica(pod, routable) for pod in held), key=lambda one: one.name))


def replica(pod: Manifest, routable: Mapping[str, bool]) -> RolloutReplica:
    """One pod; `routable` says of pods whether routers use them, where routers said."""
    name = pod["metadata"]["name"]
    ready = condition(pod, "Ready")
    return RolloutReplica(
        name=name,
        ready_since=moment(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None,
        ending="deletionTimestamp" in pod["metadata"],
        unplaced=unplaced(pod) is not None,
        routable=routable.get(name),
        asleep=labels.ASLEEP in (pod["metadata"].get("annotations") or {}),
    )


def unplaced(pod: Manifest) -> str | None:
    """The scheduler's own words, when it found no node."""
    placed = condition(pod, "PodScheduled")
    if placed.get("status") == "False" and placed.get("reason") == "Unschedulable":
        return str(placed.get("message", "no node fits"))
    return None


def is_ready(pod: Manifest) -> bool:
    """Whether the kubelet says it is ready, and nobody asked it to go."""
    return condition(pod, "Ready").get("status") == "True" and "deletionTimestamp" not in pod["metadata"]


def address(pod: Manifest) -> str | None:
    """Where it listens."""
    found = pod.get("status", {}).get("podIP")
    return found if isinstance(found, str) and found else None


def condition(manifest: Manifest, kind: str) -> Manifest:
    """One of an object's conditions; empty when it has none of that type."""
    found = manifest.get("status", {}).get("conditions") or ()
    return next((one for one in found if one.get("type") == kind), {})


def moment(text: object) -> datetime | None:
    """A time as objects carry it; nothing of what is none."""
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None

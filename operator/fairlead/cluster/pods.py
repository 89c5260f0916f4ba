"""Turns a pod's manifest into what a rollout or an autoscaler needs to know of it. Pure: reads manifests."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from fairlead.fleet.rollouts import RolloutReplica
from fairlead.objects import labels

Manifest: TypeAlias = dict[str, Any]

ENDED: Final = frozenset({"Succeeded", "Failed"})
"""Phases of pods that hold no resources any more and only wait to be removed."""


def replicas(pods: Iterable[Manifest], routable: Mapping[str, bool]) -> tuple[RolloutReplica, ...]:
    """Return pods that still hold GPUs, sorted by name, so that the same cluster gives the same result."""
    held = (pod for pod in pods if pod.get("status", {}).get("phase") not in ENDED)
    return tuple(sorted((replica(pod, routable) for pod in held), key=lambda one: one.name))


def replica(pod: Manifest, routable: Mapping[str, bool]) -> RolloutReplica:
    """Convert one pod; `routable` holds whether routers use a pod, for pods that routers reported."""
    name = pod["metadata"]["name"]
    ready = condition(pod, "Ready")
    return RolloutReplica(
        name=name,
        ready_since=moment(ready.get("lastTransitionTime")) if ready.get("status") == "True" else None,
        ending="deletionTimestamp" in pod["metadata"],
        unplaced=unplaced(pod) is not None,
        routable=routable.get(name),
        asleep=is_asleep(pod),
    )


def unplaced(pod: Manifest) -> str | None:
    """Return the scheduler's message if it found no node; None otherwise."""
    placed = condition(pod, "PodScheduled")
    if placed.get("status") == "False" and placed.get("reason") == "Unschedulable":
        return str(placed.get("message", "no node fits"))
    return None


def gated(pod: Manifest) -> str | None:
    """Return which gates keep it from the scheduler, such as the queue of Kueue; None if there is none."""
    placed = condition(pod, "PodScheduled")
    if placed.get("status") != "False" or placed.get("reason") != "SchedulingGated":
        return None
    names = ", ".join(str(one.get("name")) for one in pod.get("spec", {}).get("schedulingGates") or ())
    return f"{placed.get('message', 'the pod is blocked by scheduling gates')}: {names or 'none is named'}"


def is_ready(pod: Manifest) -> bool:
    """Whether the pod is Ready and not being deleted."""
    return condition(pod, "Ready").get("status") == "True" and "deletionTimestamp" not in pod["metadata"]


def takes_requests(pod: Manifest) -> bool:
    """Whether the pod is Ready, stays, and its engine is awake."""
    return is_ready(pod) and not is_asleep(pod)


def is_asleep(pod: Manifest) -> bool:
    """Whether its engine sleeps, or is falling asleep."""
    return labels.ASLEEP in (pod["metadata"].get("annotations") or {})


def address(pod: Manifest) -> str | None:
    """Return the pod's IP; None while it has none."""
    found = pod.get("status", {}).get("podIP")
    return found if isinstance(found, str) and found else None


def condition(manifest: Manifest, kind: str) -> Manifest:
    """Return one of an object's conditions; empty if it has none of that type."""
    found = manifest.get("status", {}).get("conditions") or ()
    return next((one for one in found if one.get("type") == kind), {})


def moment(text: object) -> datetime | None:
    """Parse an object's time; None if it cannot be read."""
    try:
        return datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None

"""The phases of a pod's start: node wait, image pull, and the engine's own cold start. Pure.

Only the last is the engine's: a cordon or a slow registry does not predict how long the next start takes.
"""

from dataclasses import dataclass
from datetime import datetime

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStart:
    """Seconds of each phase."""

    node_s: float
    """From the pod's creation until the scheduler found a node."""
    image_s: float
    """From then until the engine's container first started: images, volumes, init containers."""
    cold_s: float
    """From then until the engine was ready."""


def measured(pod: Manifest) -> PodStart | None:
    """Measure by the times that API server, scheduler and kubelet wrote; None while the pod is not ready."""
    ready = pods.condition(pod, "Ready")
    created, done = pods.moment(pod["metadata"].get("creationTimestamp")), pods.moment(ready.get("lastTransitionTime"))
    if ready.get("status") != "True" or created is None or done is None:
        return None
    placed = pods.moment(pods.condition(pod, "PodScheduled").get("lastTransitionTime")) or created
    begun = started_at(pod) or placed
    return PodStart(node_s=_between(created, placed), image_s=image_wait(pod), cold_s=_between(begun, done))


def is_first(pod: Manifest) -> bool:
    """Whether it is not ready, and was not since its engine's container started: it lost no readiness meanwhile."""
    ready, begun = pods.condition(pod, "Ready"), started_at(pod)
    lost_at = pods.moment(ready.get("lastTransitionTime"))
    return ready.get("status") != "True" and (begun is None or lost_at is None or lost_at <= begun)


def image_wait(pod: Manifest) -> float:
    """Return the seconds of the image pull alone; 0 while it lasts, or once it is no longer recorded.

    Of a container that was restarted, what it ran before is no wait for an image.
    """
    placed = pods.moment(pods.condition(pod, "PodScheduled").get("lastTransitionTime"))
    begun = max((one for one in map(_first_start, _containers(pod)) if one is not None), default=None)
    return _between(placed, begun) if placed and begun else 0.0


def started_at(pod: Manifest) -> datetime | None:
    """Return when the last of its running containers started; None while none runs."""
    found = (pods.moment((one.get("state", {}).get("running") or {}).get("startedAt")) for one in _containers(pod))
    return max((one for one in found if one is not None), default=None)


def waits_for_image(pod: Manifest) -> bool:
    """Whether the kubelet lists its containers and none of them ever ran."""
    found = _containers(pod)
    return bool(found) and not any(_ran(one) for one in found)


def _containers(pod: Manifest) -> list[Manifest]:
    return list(pod.get("status", {}).get("containerStatuses") or ())


def _first_start(status: Manifest) -> datetime | None:
    """Return when a container first started; the kubelet keeps its last run and the one before."""
    run = (status.get("state") or {}).get("running"), (status.get("lastState") or {}).get("terminated")
    restarts = int(status.get("restartCount") or 0)
    return pods.moment((run[restarts] or {}).get("startedAt")) if restarts < len(run) else None


def _ran(status: Manifest) -> bool:
    state, last = status.get("state") or {}, status.get("lastState") or {}
    return bool({"running", "terminated"} & {*state, *last})


def _between(first: datetime, then: datetime) -> float:
    return max(0.0, (then - first).total_seconds())

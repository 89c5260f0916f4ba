"""Why the routers of a deployment or a gateway are not ready, from their Deployment and their pods. Pure.

Messages leave out restart counts and times: at rest a message must not change.
"""

from typing import Final, Protocol

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.pods.pod_troubles import IMAGE

LONGEST: Final = 160
"""Characters of a message from a scheduler, a kubelet or a router; its start names the cause."""
LOGS: Final = "kubectl logs shows more"


class HasRouters(Protocol):
    """A deployment or a gateway, with its routers."""

    @property
    def router(self) -> Manifest | None:
        """The Deployment of its routers."""

    @property
    def unready_routers(self) -> tuple[Manifest, ...]:
        """Router pods that are neither ready nor ending."""


def problem(observed: HasRouters) -> str:
    """Return the first known cause; empty while they may simply need time."""
    refused = snapshot.pods_refused([observed.router] if observed.router is not None else [])
    if refused:
        return (
            f"the API server refuses router pods: {_short(refused)}; resources and podMetadata of the spec shape them"
        )
    return next((words for pod in observed.unready_routers if (words := _of_pod(pod))), "")


def _of_pod(pod: Manifest) -> str:
    name, unplaced = pod["metadata"]["name"], pods.unplaced(pod) or pods.gated(pod)
    if unplaced is not None:
        return f"pod {name} has no node: {_short(unplaced)}"
    statuses = pod.get("status", {}).get("containerStatuses") or ()
    return next((f"pod {name}: {words}" for one in statuses if (words := _of_container(pod, one))), "")


def _of_container(pod: Manifest, status: Manifest) -> str:
    state = status.get("state", {})
    waiting = state.get("waiting") or {}
    if waiting.get("reason") in IMAGE:
        cause = _short(str(waiting.get("message") or waiting["reason"]))
        return f"image {status.get('image', '')} cannot be pulled: {cause}; the chart's value image sets it"
    ended = state.get("terminated") or status.get("lastState", {}).get("terminated")
    if ended and not status.get("ready"):
        return (
            f"the router exited with code {ended.get('exitCode')}: "
            f"{_short(_last_line(ended)) or 'no last message'}; {LOGS}"
        )
    if waiting.get("message"):
        return f"the kubelet cannot create the container: {_short(waiting['message'])}"
    since, ready = (state.get("running") or {}).get("startedAt"), pods.condition(pod, "Ready")
    was_ready = since and ready.get("lastTransitionTime", "") > since
    return f"the router was ready and does not answer its readiness probe; {LOGS}" if was_ready else ""


def _last_line(ended: Manifest) -> str:
    lines = str(ended.get("message") or "").strip().splitlines()
    return lines[-1] if lines else ""


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"

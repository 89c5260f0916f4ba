"""Images that are pulled in advance, in their deployment's status: on how many nodes, and what is missing. Pure."""

from dataclasses import dataclass
from typing import Any, Final

from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.plurals import part
from fairlead.objects import pre_pull

Manifest = dict[str, Any]

FIELD: Final = "prePull"
LONGEST: Final = 1024
"""Characters of a message, by the schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrePullState:
    """What holds images on nodes."""

    daemon_set: Manifest | None = None
    """As last watched; None if it does not exist, or belongs to another owner."""
    obstacle: Obstacle | None = None
    """What blocked its last change."""


def written(state: PrePullState | None) -> Manifest | None:
    """Return the field as a status stores it; None if no image is pulled in advance."""
    if state is None:
        return None
    live = state.daemon_set
    found = {} if live is None else {"image": pre_pull.image(live)} | _counts(live)
    message = _missing(live, found) if state.obstacle is None else state.obstacle.message
    return found | ({"message": message[:LONGEST]} if message else {}) or None


def _counts(live: Manifest) -> Manifest:
    """Count nodes once Kubernetes has counted them for this template.

    It counts pods by its oldest one on each node: as ready, and as of the current template. During an update, those
    that are both are at least their sum beyond all nodes with a pod, and exactly that as long as the old ones are all
    ready.
    """
    status = live.get("status") or {}
    if status.get("observedGeneration") != live["metadata"].get("generation"):
        return {}
    ready, updated, with_pod = (
        int(status.get(name) or 0) for name in ("numberReady", "updatedNumberScheduled", "currentNumberScheduled")
    )
    return {"nodes": int(status.get("desiredNumberScheduled") or 0), "holding": max(0, ready + updated - with_pod)}


def _missing(live: Manifest | None, found: Manifest) -> str:
    if live is None or "nodes" not in found:
        return ""
    if not found["nodes"]:
        return "no node has the labels and taints that replicas need, so nothing is pulled yet"
    if found["holding"] >= found["nodes"]:
        return ""
    name, labels = live["metadata"]["name"], live["spec"]["selector"]["matchLabels"]
    without = found["nodes"] - int(live["status"].get("currentNumberScheduled") or 0)
    if without > 0:
        return (
            f"{part(without, found['nodes'], 'node', 'has')} no pod that could hold it; Events say why, such as a "
            f"quota or a policy: kubectl describe daemonset {name}"
        )
    chosen = ",".join(f"{key}={value}" for key, value in labels.items())
    return (
        f"some nodes do not hold it yet: Events of the pods {name}-* say how long a pull took or why it fails: "
        f"kubectl describe pods -l {chosen}"
    )

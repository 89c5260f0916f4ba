"""Which kind of engine a pod runs and on which port, read from its container's command.

A spec names the kind of its current revision only: during a rollout to another kind, pods of both serve. The command
has this in pods of every release, so no pod needs a label that it was not created with. The only place that knows.
"""

from typing import Any, Final, NamedTuple

from fairlead.engines import catalogue
from fairlead.fleet.desired_state import EngineKind
from fairlead.objects import labels
from fairlead.objects.labels import ChildRole
from fairlead.objects.manifest import Manifest

CONTAINER: Final = "engine"
"""The name of an engine's container."""


class PodEngine(NamedTuple):
    """What a pod shows of its engine; None if it does not: it is not ours, or of a kind this release does not know."""

    kind: EngineKind | None = None
    port: int | None = None


_UNKNOWN: Final = PodEngine()


def of(pod: Manifest) -> PodEngine:
    """Return the engine of a pod, or of a Deployment's pod template."""
    if (pod["metadata"].get("labels") or {}).get(labels.ROLE) != ChildRole.ENGINE:
        return _UNKNOWN
    container = next((one for one in _containers(pod) if one.get("name") == CONTAINER), None)
    if container is None:
        return _UNKNOWN
    ports = container.get("ports") or ()
    return PodEngine(
        kind=catalogue.kind_of([*(container.get("command") or ()), *(container.get("args") or ())]),
        port=next((one["containerPort"] for one in ports), None),
    )


def _containers(pod: Manifest) -> list[dict[str, Any]]:
    return (pod.get("spec") or {}).get("containers") or []

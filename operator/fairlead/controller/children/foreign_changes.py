"""Which client changed a child of ours, by the object's `managedFields`. Pure."""

from typing import Final

from fairlead.cluster.api_server import CONTROLLER
from fairlead.cluster.kinds import Manifest
from fairlead.documents import json_document
from fairlead.objects.drift import DriftPath

EXPECTED_MANAGERS: Final = frozenset({CONTROLLER, "kube-controller-manager", "kube-scheduler", "kubelet"})


def last_manager(live: Manifest, path: DriftPath = ()) -> str:
    """Return the field manager that wrote this field last, apart from us and Kubernetes' own controllers.

    Of a field without an owner, since it was removed, it is the one that wrote anything last.
    """
    entries = live["metadata"].get("managedFields") or ()
    foreign = [one for one in entries if one.get("manager") not in EXPECTED_MANAGERS]
    others = [one for one in foreign if one.get("subresource") != "status"]
    owners = [one for one in others if path and one.get("fieldsV1") and _holds(one["fieldsV1"], path)]
    whole = [one for one in others if not one.get("subresource")]
    last = max(owners or whole, key=lambda one: str(one.get("time", "")), default=None)
    return str(last["manager"]) if last is not None else "an unknown client"


def is_ours_alone(live: Manifest, path: DriftPath) -> bool:
    """Whether we own this field and no other client does, by an object that was read with its `managedFields`."""
    entries = live["metadata"].get("managedFields") or ()
    owners = {one.get("manager") for one in entries if one.get("fieldsV1") and _holds(one["fieldsV1"], path)}
    return owners == {CONTROLLER}


def _holds(fields: Manifest, path: DriftPath) -> bool:
    """Whether a set of fields has this path, all below it, or a whole value above it."""
    if not path or not fields:
        return True
    return any(_holds(below, path[1:]) for name, below in fields.items() if _step(name) == path[0])


def _step(name: str) -> str:
    """Return a step of `managedFields`, `f:FIELD` or `k:{KEY}`, as one of a path."""
    kind, _, step = name.partition(":")
    return f"[{'/'.join(map(str, json_document.read(step).values()))}]" if kind == "k" else step


def recreation_note(child: Manifest) -> str:
    """Return the note on a deleted child. No object records who deleted it; only the API server's audit log does."""
    name = child["metadata"]["name"]
    return (
        f"{child['kind']} {name} was deleted, not by Fairlead; it is recreated: change or delete "
        "the InferenceDeployment instead. The API server's audit log says who deleted it"
    )


def change_note(live: Manifest, path: str, manager: str) -> str:
    """Return the note on a changed child."""
    name = live["metadata"]["name"]
    return f"{live['kind']} {name}: {path} was changed by {manager}; restored: change the InferenceDeployment instead"

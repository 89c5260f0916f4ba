"""Which client changed a child of ours, by the object's `managedFields`. Pure."""

from typing import Final

from fairlead.cluster.api_server import CONTROLLER
from fairlead.cluster.kinds import Manifest

EXPECTED_MANAGERS: Final = frozenset({CONTROLLER, "kube-controller-manager", "kube-scheduler", "kubelet"})


def last_manager(live: Manifest) -> str:
    """Return the field manager that wrote last, apart from us and Kubernetes' own controllers."""
    entries = live["metadata"].get("managedFields") or ()
    others = [one for one in entries if one.get("manager") not in EXPECTED_MANAGERS and not one.get("subresource")]
    last = max(others, key=lambda one: str(one.get("time", "")), default=None)
    return str(last["manager"]) if last is not None else "an unknown client"


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

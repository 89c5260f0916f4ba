"""Who changed a child of ours by hand, as the server's book of field owners tells. Pure."""

from typing import Final

from fairlead.cluster.api_server import CONTROLLER
from fairlead.cluster.kinds import Manifest

EXPECTED_MANAGERS: Final = frozenset({CONTROLLER, "kube-controller-manager", "kube-scheduler", "kubelet"})


def last_manager(live: Manifest) -> str:
    """The manager that wrote last, we and Kubernetes' own controllers apart."""
    entries = live["metadata"].get("managedFields") or ()
    others = [one for one in entries if one.get("manager") not in EXPECTED_MANAGERS and not one.get("subresource")]
    last = max(others, key=lambda one: str(one.get("time", "")), default=None)
    return str(last["manager"]) if last is not None else "an unknown client"


def recreation_note(child: Manifest) -> str:
    """What is told where one was deleted. The server keeps no book of who deletes; its audit log does."""
    name = child["metadata"]["name"]
    return (
        f"{child['kind']} {name} was deleted, not by Fairlead; it is made again: change or delete the "
        "InferenceDeployment instead. The API server's audit log says who deleted it"
    )


def change_note(live: Manifest, path: str, manager: str) -> str:
    """What is told about it."""
    name = live["metadata"]["name"]
    return f"{live['kind']} {name}: {path} was changed by {manager}; put back: change the InferenceDeployment instead"

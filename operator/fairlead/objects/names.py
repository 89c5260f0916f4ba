"""The name of every child, and how a long one is cut so that it stays valid and unique.

A pod adds 17 characters to its Deployment's name, and names of pods, Services and labels have at most 63. The children
of one object differ by their suffix, which no two kinds of child share.
"""

from typing import Final

from fairlead.objects.manifest import fingerprint

LONGEST: Final = 63
POD_ENDING: Final = len("-7d9f8b6c5d-x2x2x")
"""What a ReplicaSet and a pod add to the name of a Deployment."""
REVISION_DIGITS: Final = 8

_STEM: Final = LONGEST - POD_ENDING - REVISION_DIGITS - 1
_HASH: Final = 8


def engine(name: str, revision: str) -> str:
    """Name the Deployment of one revision."""
    return f"{_stem(name)}-{revision}"


def check(name: str, revision: str) -> str:
    """Name the preflight pod of one revision; shorter than an engine pod's name."""
    return f"{engine(name, revision)}-check"


def answers(name: str, revision: str, number: int) -> str:
    """Name one of the ConfigMaps with a revision's answers to an evaluation."""
    return f"{engine(name, revision)}-answers-{number}"


def items(name: str) -> str:
    """Name the pod that reads an evaluation's items."""
    return f"{_stem(name)}-items"


def runner(name: str, revision: str, work: str) -> str:
    """Name the pod of one pass of an evaluation's runner over one revision."""
    return f"{engine(name, revision)}-{work}"


def engines(name: str) -> str:
    """Name the disruption budget and the network policy of the engine pods of all revisions."""
    return f"{_stem(name)}-engine"


def adapters(name: str) -> str:
    """Name what loaders of adapters need: ConfigMap, ServiceAccount, Role, RoleBinding."""
    return f"{_stem(name)}-adapters"


def pre_pull(name: str) -> str:
    """Name the DaemonSet that holds the images of the newest revision on nodes."""
    return f"{_stem(name)}-prepull"


def router(name: str) -> str:
    """Name the routers' children: Deployment, Service, ConfigMap, ServiceAccount, Role, RoleBinding, budget, policy."""
    return f"{_stem(name)}-router"


def gateway(name: str) -> str:
    """Name every child of a gateway; a deployment of the same name has its own."""
    return f"{_stem(name)}-gateway"


def gateway_keys(name: str) -> str:
    """Name the Secret with the keys of a gateway's tenants; people create it, so it is never cut."""
    return f"{name}-keys"


def label_value(name: str) -> str:
    """Return the name of an evaluation or an adapter, which may be longer than a label, as the value of one."""
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - _HASH - 1]}-{fingerprint(name, _HASH)}"


def _stem(name: str) -> str:
    """Return a short name unchanged; cut a longer one and append a hash.

    A cut name always has the full length and any other is shorter, so the two can never be equal; dashes and dots at
    the cut are replaced by more of the hash.
    """
    if len(name) < _STEM:
        return name
    kept = name[: _STEM - _HASH - 1].rstrip("-.")
    return f"{kept}-{fingerprint(name, _STEM - len(kept) - 1)}"

"""What every pod of ours gives up: all that Pod Security `restricted` asks, and a root file system to write on.

There is no exception; an OCI image as a volume is among the kinds of volume that `restricted` lets in.
"""

from fairlead.objects.manifest import Manifest


def of_pod(user: int) -> Manifest:
    """By number, since the kubelet cannot tell that a name is not root's.

    Volumes are made writable for the user's group; only where their root is not yet, as a cache of weights holds
    files enough to delay every start.
    """
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def of_container() -> Manifest:
    """No way to more rights than it has, and nothing to change but its volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }

"""The security contexts of all our pods: Pod Security `restricted`, and a read-only root file system.

There is no exception; `restricted` also allows an OCI image as a volume.
"""

from fairlead.objects.manifest import Manifest


def of_pod(user: int, *, assigned: bool = False) -> Manifest:
    """Build a pod's context. The user is a number: the kubelet cannot verify that a named user is not root.

    With `assigned` it names no user and no group: the cluster assigns them, and refuses a pod that names others.

    Volumes are made writable for the user's group only if their root is not yet: a cache of weights holds enough files
    to delay every start.
    """
    return {
        "runAsNonRoot": True,
        **({} if assigned else {"runAsUser": user, "runAsGroup": user, "fsGroup": user}),
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def of_container() -> Manifest:
    """Build a container's context: no privilege escalation, and writes only to its volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }

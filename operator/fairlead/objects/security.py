"""The security contexts of all our pods: Pod Security `restricted`, and a read-only root file system.

There is no exception; `restricted` also allows an OCI image as a volume.
"""

from fairlead.objects.manifest import Manifest


def of_pod(user: int) -> Manifest:
    """The user is a number, since the kubelet cannot verify that a named user is not root.

    Volumes are made writable for the user's group only where their root is not yet: a cache of weights holds enough
    files to delay every start.
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
    """The container cannot gain privileges and can write to nothing but its volumes."""
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }

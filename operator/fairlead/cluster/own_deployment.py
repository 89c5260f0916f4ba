"""The Deployment that runs this process, as the owner of objects that the process creates for itself.

An uninstall removes the service account's rights before its processes end, so none of them could clean up; garbage
collection does, by owner references.
"""

import logging
from collections.abc import Awaitable, Callable

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest

OwnerLookup = Callable[[], Awaitable[Manifest | None]]
"""Reads an owner reference; None if no object is known to run this process."""

log = logging.getLogger(__name__)


async def no_owner() -> Manifest | None:
    """Look up nothing, if no Deployment runs the process."""
    return None


def deployment(api: ApiServer, namespace: str, name: str) -> OwnerLookup:
    """Return a lookup by name, done when needed; it gives None without a name, or without the right to read it."""

    async def owner() -> Manifest | None:
        try:
            found = await api.read(kinds.DEPLOYMENT, namespace, name)
        except RequestRefused as problem:
            log.warning(
                "its own Deployment cannot be read, so what this process creates stays after an uninstall: %s",
                problem,
            )
            return None
        if found is None:
            return None
        return {
            "apiVersion": kinds.DEPLOYMENT.api_version,
            "kind": kinds.DEPLOYMENT.kind,
            "name": name,
            "uid": found["metadata"]["uid"],
        }

    return owner if name else no_owner


def other(manifest: Manifest, name: str) -> str:
    """Return the Deployment that an object belongs to if it is another than this one; empty if that is not certain.

    Compares names, since a Deployment that is created again has another UID.
    """
    owners = manifest["metadata"].get("ownerReferences") or ()
    names = [str(one["name"]) for one in owners if one["kind"] == kinds.DEPLOYMENT.kind]
    return names[0] if name and names and name not in names else ""

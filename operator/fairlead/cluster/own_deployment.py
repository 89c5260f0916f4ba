"""The Deployment that runs this process, as the owner of what the process makes for itself.

At an uninstall the account's rights go before its processes do, so that none of them could clean up; the garbage
collector does, by owner references.
"""

import logging
from collections.abc import Awaitable, Callable

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest

OwnerLookup = Callable[[], Awaitable[Manifest | None]]
"""An owner reference; nothing where no object stands for this process."""

log = logging.getLogger(__name__)


async def no_owner() -> Manifest | None:
    """For a process that no Deployment runs."""
    return None


def deployment(api: ApiServer, namespace: str, name: str) -> OwnerLookup:
    """By name, read when it is needed; without a name, or without the right to read it, there is none."""

    async def owner() -> Manifest | None:
        try:
            found = await api.read(kinds.DEPLOYMENT, namespace, name)
        except RequestRefused as problem:
            log.warning(
                "its own Deployment cannot be read, so what this process makes stays after an uninstall: %s",
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

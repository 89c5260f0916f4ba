"""Whether any separate autoscaler decides: each renews a Lease of its own, and one of these must change now and then.

Judged by versions and our own clock alone, whatever the clocks of other nodes say.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Final, Protocol

from fairlead.cluster import member_leases
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.api_server import ObjectList
from fairlead.cluster.kinds import LEASE, Resource

EVERY_S: Final = 10.0
SILENT_S: Final = 60.0
"""After this without a renewal nobody decides. A member that died is replaced within 15 s, a new one within 40."""

log = logging.getLogger("fairlead.controller")


class LeaseLister(Protocol):
    """The part of the API server that is read."""

    async def listing(self, resource: Resource, namespace: str | None = None, selector: str = "") -> ObjectList:
        """List Leases."""


class AutoscalerPresence:
    """As seen by the leader; without the right to list Leases, an autoscaler is taken to be there."""

    def __init__(self, api: LeaseLister | None = None, namespace: str = "") -> None:
        self.is_silent = False
        """Whether none has renewed its Lease for a minute; always false beside an autoscaler in this process."""
        self._api = api
        self._namespace = namespace
        self._versions: dict[str, str] = {}
        self._renewed_at: float | None = None

    async def follow(self, changed: Callable[[], None]) -> None:
        """Read them until cancelled, and call `changed` when the answer is another one."""
        while self._api is not None:
            before = self.is_silent
            await self.read(asyncio.get_running_loop().time())
            if self.is_silent is not before:
                if self.is_silent:
                    log.warning("no autoscaler has renewed its Lease for %.0f s: all counts stay as they are", SILENT_S)
                else:
                    log.info("an autoscaler renews its Lease again: it decides")
                changed()
            await asyncio.sleep(EVERY_S)

    async def read(self, now: float) -> None:
        """Read the Leases once."""
        assert self._api is not None
        try:
            found = (await self._api.listing(LEASE, self._namespace, member_leases.SELECTOR)).items
        except ApiError as problem:
            log.debug("the autoscalers' Leases cannot be listed: %s", problem)
            return
        versions = {one["metadata"]["uid"]: one["metadata"]["resourceVersion"] for one in found}
        if self._renewed_at is None or versions.items() - self._versions.items():
            self._renewed_at = now
        self._versions = versions
        self.is_silent = now - self._renewed_at >= SILENT_S

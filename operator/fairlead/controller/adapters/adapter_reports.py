"""What loaders report of their replicas, read once for all adapters that are reconciled together."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import PodAccess
from fairlead.fleet.adapters import AdapterPlace

KEPT_S: Final = 0.9
Report = Mapping[str, AdapterPlace]
"""By the name in the engine."""


class AdapterReports:
    """The last report of each pod."""

    def __init__(self, access: PodAccess) -> None:
        self._access = access
        self._kept: dict[str, tuple[float, Report | None]] = {}

    async def read(self, pods: Sequence[Manifest]) -> Mapping[str, Report | None]:
        """Return reports by pod name; None for one that does not answer."""
        found = await asyncio.gather(*(self._of(one) for one in pods))
        return {pod["metadata"]["name"]: one for pod, one in zip(pods, found, strict=True)}

    def forget(self, uid: str) -> None:
        """Drop a deleted pod."""
        self._kept.pop(uid, None)

    async def _of(self, pod: Manifest) -> Report | None:
        uid, now = pod["metadata"]["uid"], asyncio.get_running_loop().time()
        at, kept = self._kept.get(uid, (-KEPT_S, None))
        if now < at + KEPT_S:
            return kept
        places = await self._access.adapters(pod)
        found = None if places is None else {one.name: one for one in places}
        self._kept[uid] = (now, found)
        return found

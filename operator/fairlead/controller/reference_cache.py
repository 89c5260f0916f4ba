"""Whether objects that specs name are there, and which entries they have: looked up by name, since nobody watches them.

Reading one Secret by name needs less trust than listing all of them; its values are dropped at the door.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.review_context import ObjectKey

FOUND_S: Final = 300.0
"""What is there seldom goes; the kubelet says it too when it does."""
LOST_S: Final = 5.0
"""What is missing, an object or one entry of it, should heal soon after it was created."""
NOTHING: Final[Mapping[ObjectKey, frozenset[str]]] = {}

RESOURCES: Final[Mapping[str, Resource]] = {
    kinds.INFERENCE_DEPLOYMENT.kind: kinds.INFERENCE_DEPLOYMENT,
    kinds.AUTOSCALING_POLICY.kind: kinds.AUTOSCALING_POLICY,
    "Secret": kinds.SECRET,
    "ConfigMap": kinds.CONFIG_MAP,
    "PersistentVolumeClaim": kinds.VOLUME_CLAIM,
}


class ReferenceCache:
    """What was found, for a while."""

    def __init__(self, api: ApiServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._known: dict[ObjectKey, tuple[float, frozenset[str] | None]] = {}

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = NOTHING
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """Those that are there. What we may not read is taken on trust: the kubelet will tell.

        One that lacked a needed entry when it was seen is looked at again as soon as one that was not there.
        """
        found = await asyncio.gather(*(self._entries(key, needed.get(key, frozenset())) for key in named))
        return {key: entries for key, entries in zip(named, found, strict=True) if entries is not None}

    async def whole(self, key: ObjectKey) -> Manifest | None:
        """One that is looked into and not only for: read anew each time; nothing where it is not there, or not ours."""
        try:
            return await self._api.read(RESOURCES[key.kind], key.namespace, key.name)
        except RequestRefused:
            return None

    async def _entries(self, key: ObjectKey, needed: frozenset[str]) -> frozenset[str] | None:
        seen, entries = self._known.get(key, (-inf, None))
        whole = entries is not None and all(one in entries for one in needed)
        if self._clock() < seen + (FOUND_S if whole else LOST_S):
            return entries
        try:
            live = await self._api.read(RESOURCES[key.kind], key.namespace, key.name)
            entries = None if live is None else _entries_of(live)
        except RequestRefused:
            entries = TRUSTED
        self._known[key] = (self._clock(), entries)
        return entries


class _AnyEntry(frozenset[str]):
    """Has every entry that anybody asks for."""

    def __contains__(self, entry: object) -> bool:
        return True


TRUSTED: Final = _AnyEntry()


def _entries_of(live: Manifest) -> frozenset[str]:
    return frozenset((*(live.get("data") or ()), *(live.get("binaryData") or ())))

"""Whether objects that specs name exist, and which entries they have: read by name, since no informer watches them.

Reading one Secret by name needs fewer rights than listing all of them; its values are dropped at once.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Final, TypeVar

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError, RequestRefused, Unreachable
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.interfaces import ReferenceLookup
from fairlead.review.context import ObjectKey

Kept = TypeVar("Kept")

FOUND_S: Final = 300.0
"""Objects that exist are seldom deleted; if one is, the kubelet reports it too."""
LOST_S: Final = 5.0
"""A missing object, or a missing entry of one, should be noticed soon after it is created."""
MAX_KEPT: Final = 10_000
"""Objects; reviews of specs that nobody applies may name any number of them."""
TRUSTED_AFTER_S: Final = 60.0
"""A store that is slow for a moment answers with a 500 too; an object that it cannot decrypt fails for good."""
FAILED: Final = 500
NOTHING: Final[Mapping[ObjectKey, frozenset[str]]] = {}

log = logging.getLogger("fairlead.controller")

RESOURCES: Final[Mapping[str, Resource]] = {
    kinds.INFERENCE_DEPLOYMENT.kind: kinds.INFERENCE_DEPLOYMENT,
    kinds.AUTOSCALING_POLICY.kind: kinds.AUTOSCALING_POLICY,
    kinds.INFERENCE_GATEWAY.kind: kinds.INFERENCE_GATEWAY,
    kinds.EVALUATION.kind: kinds.EVALUATION,
    "Secret": kinds.SECRET,
    "ConfigMap": kinds.CONFIG_MAP,
    "PersistentVolumeClaim": kinds.VOLUME_CLAIM,
}


class ReferenceCache:
    """Caches which objects and entries exist."""

    def __init__(self, api: ApiServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._existing: dict[ObjectKey, tuple[float, frozenset[str] | None]] = {}

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = NOTHING
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """Return the objects that exist. One that we may not read is assumed to exist: the kubelet reports it if not.

        An object without a needed entry is read again as soon as a missing object is.
        """
        found = await asyncio.gather(*(self._entries(key, needed.get(key, frozenset())) for key in named))
        return {key: entries for key, entries in zip(named, found, strict=True) if entries is not None}

    async def whole(self, key: ObjectKey) -> Manifest | None:
        """Return the whole object, read anew each time; None if it does not exist or we may not read it."""
        try:
            return await self._api.read(RESOURCES[key.kind], key.namespace, key.name)
        except RequestRefused:
            return None

    async def _entries(self, key: ObjectKey, needed: frozenset[str]) -> frozenset[str] | None:
        seen, entries = self._existing.get(key, (-inf, None))
        whole = entries is not None and all(one in entries for one in needed)
        if self._clock() < seen + (FOUND_S if whole else LOST_S):
            return entries
        try:
            live = await self._api.read(RESOURCES[key.kind], key.namespace, key.name)
            entries = None if live is None else _entries_of(live)
        except RequestRefused:
            entries = TRUSTED
        _keep_newest(self._existing, key, (self._clock(), entries))
        return entries


class SteadyReferences:
    """The lookups of reconciles: a Secret that the API server fails to read, such as one that it cannot decrypt, must
    not keep a deployment from being scaled and repaired.

    What it was when last read counts; one never read is taken for whole once that has failed for a minute.
    """

    def __init__(self, lookup: ReferenceLookup, clock: Callable[[], float] = time.monotonic) -> None:
        self._lookup = lookup
        self._clock = clock
        self._last: dict[ObjectKey, frozenset[str] | None] = {}
        self._failing: dict[ObjectKey, float] = {}
        """Since when, of those never read."""

    async def present(
        self, named: Sequence[ObjectKey], needed: Mapping[ObjectKey, frozenset[str]] = NOTHING
    ) -> Mapping[ObjectKey, frozenset[str]]:
        """Return the objects that exist, or did when they could be read."""
        found = await asyncio.gather(*(self._entries(key, needed) for key in named))
        return {key: entries for key, entries in zip(named, found, strict=True) if entries is not None}

    async def _entries(self, key: ObjectKey, needed: Mapping[ObjectKey, frozenset[str]]) -> frozenset[str] | None:
        try:
            entries = (await self._lookup.present([key], needed)).get(key)
        except Unreachable as problem:
            if problem.status != FAILED:
                raise
            return self._unread(key, problem)
        self._failing.pop(key, None)
        _keep_newest(self._last, key, entries)
        return entries

    def _unread(self, key: ObjectKey, error: ApiError) -> frozenset[str] | None:
        """Return what it was; a missing one stays missing, or its deployment would start pods without it."""
        if key not in self._last:
            if key not in self._failing:
                _keep_newest(self._failing, key, self._clock())
            if self._clock() < self._failing[key] + TRUSTED_AFTER_S:
                raise error
        log.warning(
            "%s %s/%s: using the keys last read, or assuming that it has all, since the API server did not answer: %s",
            *(key.kind, key.namespace, key.name, error),
        )
        return self._last.get(key, TRUSTED)


class TrustingReferences:
    """The lookups of one review in the webhook: what the API server fails to answer is assumed to exist, not cached.

    An answer with an error would refuse the object, whatever the webhook's failurePolicy; the reconcile reads again.
    """

    def __init__(self, cache: ReferenceCache) -> None:
        self._cache = cache
        self.error: ApiError | None = None
        """The last failure."""

    async def present(self, named: Sequence[ObjectKey]) -> Mapping[ObjectKey, frozenset[str]]:
        """Return the objects that exist, or may exist."""
        found = await asyncio.gather(*(self._present(key) for key in named))
        return {key: entries for one in found for key, entries in one.items()}

    async def whole(self, key: ObjectKey) -> Manifest | None:
        """Return the whole object; None if there is none, or no answer."""
        try:
            return await self._cache.whole(key)
        except ApiError as problem:
            self.error = problem
            return None

    async def _present(self, key: ObjectKey) -> Mapping[ObjectKey, frozenset[str]]:
        try:
            return await self._cache.present([key])
        except ApiError as problem:
            self.error = problem
            return {key: TRUSTED}


class _AnyEntry(frozenset[str]):
    """Contains every entry, for objects that we may not read."""

    def __contains__(self, entry: object) -> bool:
        return True


TRUSTED: Final = _AnyEntry()


def _keep_newest(kept: dict[ObjectKey, Kept], key: ObjectKey, value: Kept) -> None:
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > MAX_KEPT:
        del kept[next(iter(kept))]  # read longest ago


def _entries_of(live: Manifest) -> frozenset[str]:
    """Return the keys of a Secret or ConfigMap, and the access modes of a claim."""
    modes = (live.get("spec") or {}).get("accessModes")
    return frozenset((*(live.get("data") or ()), *(live.get("binaryData") or ()), *(modes or ())))

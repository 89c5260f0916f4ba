"""A store kept current from the API server: one list, then a watch, for as long as the process lives.

Knows when to continue a watch from the last resourceVersion and when to list anew. Never decides, never writes, and
never ends by itself: a missing right, a missing kind or a dead server is logged once and retried until it recovers.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterable
from contextlib import aclosing

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest
from fairlead.cluster.api_server import (
    ApiError,
    ApiServer,
    Gone,
    NotFound,
    RequestRefused,
    Unreachable,
    WatchEvent,
    WatchEventType,
    WatchLimits,
)
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import ObjectStore, StoreChange, as_number
from fairlead.cluster.watch_scope import INFORMER_TIMINGS, InformerTimings, WatchScope

OnChange = Callable[[Manifest | None, Manifest | None], None]
"""Called with the old and the new object of each change; it only notes which keys to wake."""

log = logging.getLogger(__name__)


class Informer:
    """Lists and watches one kind of object."""

    def __init__(
        self,
        api: ApiServer,
        watched: WatchScope,
        on_change: OnChange,
        *,
        rng: random.Random,
        timings: InformerTimings = INFORMER_TIMINGS,
    ) -> None:
        self.watched = watched
        self.store = ObjectStore()
        self.synced = asyncio.Event()
        """Set once every collection was listed or left out: other objects that are not in the store do not exist."""
        self._on_change = on_change
        self._streams = tuple(_WatchStream(self, api, place, rng, timings) for place in watched.places)

    @property
    def relists(self) -> int:
        """How often a collection had to be listed anew."""
        return sum(max(0, stream.lists - 1) for stream in self._streams)

    @property
    def availability(self) -> KindAvailability:
        """Whether the kind can be used, by the last answer to a list."""
        if any(stream.absent for stream in self._streams):
            return KindAvailability.ABSENT
        if self.synced.is_set():
            return KindAvailability.SERVED
        return KindAvailability.FORBIDDEN if any(one.forbidden for one in self._streams) else KindAvailability.AWAITED

    @property
    def trouble(self) -> str:
        """The error that stops a stream, in the server's words; empty if there is none."""
        return next((stream.trouble for stream in self._streams if stream.trouble), "")

    def age(self) -> float:
        """Return the seconds since the last message of the longest silent stream; bookmarks count."""
        return time.monotonic() - min(stream.last_message_at for stream in self._streams)

    async def run(self) -> None:
        """List and watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for stream in self._streams:
                group.create_task(stream.follow(), name=f"informer {self.watched.resource.title} {stream.place or ''}")

    def note(self, manifest: Manifest) -> None:
        """Store the answer to our own write before the watch brings it, so that the next reconcile sees the write.

        An object that lost the watched label is dropped: the watch reports that with an older version, or already did.
        """
        mine = kinds.trimmed(manifest)
        self.publish(self.store.put(mine) if self.watched.takes(mine) else self.store.drop(mine))

    def publish(self, changes: Iterable[StoreChange]) -> None:
        """Pass changes on; a callback that fails on one object must not end the watch of all others."""
        for change in changes:
            try:
                self._on_change(change.old, change.new)
            except Exception:
                log.exception("a listener of %s failed; the object is in the store", self.watched.resource.title)

    def is_refused(self, namespace: str) -> bool:
        """Whether lists of this namespace were refused again and again, and none succeeded."""
        return any(stream.is_refused for stream in self._streams if stream.place == namespace)

    def leave_out(self, namespace: str) -> None:
        """Go on without this namespace; lists are tried again and again, and the first to succeed fills the store."""
        for stream in self._streams:
            if stream.place == namespace:
                stream.was_listed = True
        self.listed()

    def is_left_out(self, namespace: str) -> bool:
        """Whether the store lacks the objects of this namespace."""
        return any(stream.is_left_out for stream in self._streams if stream.place == namespace)

    def listed(self) -> None:
        """Note that a stream has listed: once all have, the store is complete."""
        if all(stream.was_listed for stream in self._streams):
            self.synced.set()


class _WatchStream:
    """One collection: its resourceVersion, its failures, the time of its last message."""

    def __init__(
        self, informer: Informer, api: ApiServer, place: str | None, rng: random.Random, timings: InformerTimings
    ) -> None:
        self.place = place
        self.was_listed = False
        """Whether it was listed once, or is known to be absent, or is left out."""
        self.absent = False
        """Whether the API server does not serve the kind."""
        self.forbidden = False
        """Whether the last list was refused for lack of a right."""
        self.lists = 0
        self.trouble = ""
        self.last_message_at = time.monotonic()
        self._informer = informer
        self._api = api
        self._rng = rng
        self._timings = timings
        self._version = ""
        self._newest = -1
        """The latest version that was received, also while there is none to watch from."""
        self._older_lists = 0
        """In a row, since lists or events of a later version were received."""
        self._failures = 0

    @property
    def is_refused(self) -> bool:
        """Whether the right to list is missing for longer than a Role needs to take effect."""
        return not self.was_listed and self.forbidden and self._failures >= self._timings.relist_after

    @property
    def is_left_out(self) -> bool:
        """Whether the store counts as complete without its objects."""
        return self.was_listed and not self.lists and not self.absent

    async def follow(self) -> None:
        """List when there is no resourceVersion to watch from, watch, and pause after failures."""
        while True:
            pause = 0.0
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except ApiError as problem:
                pause = max(self._failed(problem), min(problem.retry_after or 0.0, self._timings.max_s))
            await asyncio.sleep(pause)

    async def _list(self) -> None:
        informer, watched = self._informer, self._informer.watched
        items, version = await self._api.listing(watched.resource, self.place, watched.selector)
        self.lists += 1
        self.absent = self.forbidden = False
        self.last_message_at = time.monotonic()
        take = informer.store.restore if self._went_back(version) else informer.store.relist
        informer.publish(take(items, version, self.place or ""))
        self._version, self._newest = version, as_number(version)
        self._mark_listed()

    def _went_back(self, version: str) -> bool:
        """Whether the server's data is older for good, as after a restore; an error while it may only lag behind."""
        if as_number(version) >= self._newest:
            self._older_lists = 0
            return False
        self._older_lists += 1
        words = f"the list is of version {version}, older than {self._newest}, which was received before"
        if self._older_lists < self._timings.relist_after:
            request = ApiRequest(verb="list", resource=self._informer.watched.resource, namespace=self.place)
            raise Unreachable(request, 200, {"message": words})
        log.warning(
            "%s: %s: the API server was restored from an older backup; the local cache is rebuilt from this list",
            self._informer.watched.resource.title,
            words,
        )
        self._older_lists = 0
        return True

    async def _watch(self) -> None:
        """Watch until the server ends it; a watch that ends at once counts as a failure, or this would spin."""
        watched, began = self._informer.watched, time.monotonic()
        stay = WatchLimits(seconds=self._rng.randint(*self._timings.stay_s), silence_s=self._timings.silence_s)
        words = self._api.watch(watched.resource, self.place, watched.selector, self._version, stay=stay)
        async with aclosing(words) as events:
            async for event in events:
                self._handle(event)
        if time.monotonic() - began < self._timings.least_s:
            self._failures += 1
            await asyncio.sleep(self._timings.pause(self._failures, self._rng))

    def _handle(self, event: WatchEvent) -> None:
        store = self._informer.store
        self.last_message_at = time.monotonic()
        match event.type:
            case WatchEventType.OPENED:
                self._healed()
                return
            case WatchEventType.ADDED | WatchEventType.MODIFIED:
                self._informer.publish(store.put(event.manifest))
            case WatchEventType.DELETED:
                self._informer.publish(store.drop(event.manifest))
            case WatchEventType.BOOKMARK:
                pass
        self._failures = 0
        self._advance(event.version)

    def _advance(self, version: str) -> None:
        """Move forwards only: a late event must not make the watch repeat all events since."""
        if as_number(version) > as_number(self._version):
            self._version, self._newest = version, as_number(version)

    def _mark_listed(self) -> None:
        self.was_listed = True
        self._informer.listed()

    def _healed(self) -> None:
        if self.trouble:
            log.warning("the API server answers again; the problem was: %s", self.trouble)
            self.trouble = ""

    def _failed(self, error: ApiError) -> float:
        """Keep or drop the resourceVersion after a failure, and return the pause; logged once until it is over."""
        self._failures += 1
        if isinstance(error, Gone):
            self._version = ""
            if self._failures == 1:
                return 0.0
        else:
            self._doubt(error)
            if not self.trouble:
                self.trouble = str(error)
                log.warning("%s; trying again", error)
        return self._timings.pause(self._failures, self._rng)

    def _doubt(self, error: ApiError) -> None:
        """List anew after a missing right, a missing kind or repeated failures. An absent kind has no objects."""
        lasting = self._failures >= self._timings.relist_after
        if lasting or isinstance(error, NotFound | RequestRefused):
            self._version = ""
        self.forbidden = isinstance(error, RequestRefused) and error.lacks_right
        if isinstance(error, NotFound) and (lasting or not self.was_listed):
            self.absent = True
            self._informer.publish(self._informer.store.vanish(self.place or ""))
            self._mark_listed()

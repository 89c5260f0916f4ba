"""The store in which routers share responses, if the configuration names one: opened, replaced, closed.

Its client is imported only then: it takes 12 MB that routers without one do not need.
"""

import asyncio
import logging
from time import monotonic
from time import time as wall_time
from typing import TYPE_CHECKING

from fairlead.router.cache.cache import ResponseCache
from fairlead.router.cache.counters import RedisStoreCounters

if TYPE_CHECKING:
    from fairlead.router.cache.redis_store import RedisAnswerStore

log = logging.getLogger(__name__)


class SharedStoreConnection:
    """The store of one router; used inside its loop."""

    def __init__(self, cache: ResponseCache) -> None:
        self.store: RedisAnswerStore | None = None
        self._cache = cache
        self._url: str | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def apply(self, url: str | None, scope: str) -> None:
        """Use the store at this URL from now on, with the routers of the same scope; an invalid URL is logged and
        treated as none."""
        if url == self._url:
            if self.store is not None:
                self.store.scope = scope
            return
        self._url, older = url, self.store
        self.store = self._cache.elsewhere = None
        if older is not None:
            task = asyncio.get_running_loop().create_task(older.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        if url is not None:
            self._open(url, scope)

    @property
    def counts(self) -> RedisStoreCounters | None:
        """Counters of the current store."""
        return None if self.store is None else self.store.counts

    async def close(self) -> None:
        """Close the store after pending writes, which get a second at most."""
        self.apply(None, "")
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _open(self, url: str, scope: str) -> None:
        from fairlead.router.cache import redis_store  # noqa: PLC0415 - not imported by routers without a store

        try:
            client = redis_store.connect(url)
        except ValueError as problem:
            log.warning("answers are not shared: %s", problem)
            return
        self.store = self._cache.elsewhere = redis_store.RedisAnswerStore(
            client, redis_store.StoreClocks(own=monotonic, wall=wall_time), scope
        )
        self.store.start()

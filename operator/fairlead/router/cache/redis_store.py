"""Responses shared by several routers in Redis or Valkey: looked up for at most 20 ms, written in the background.

The store is optional: if it is slow, full, down or returns garbage, the request goes on as if there were none. Only a
request that this router's own cache cannot answer is looked up, and equal requests meanwhile follow that lookup. The
price is one task per lookup, paid by requests that would otherwise need an engine.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from fairlead.router.cache import redis_values
from fairlead.router.cache.cache import ResponseCache
from fairlead.router.cache.counters import RedisStoreCounters
from fairlead.router.cache.entries import CacheEntry
from fairlead.router.cache.flights import CacheFlight
from fairlead.router.cache.lookup_keys import CacheKey, FlightRequest
from fairlead.router.cache.outage import StoreOutage

log = logging.getLogger(__name__)

FETCH_SECONDS: Final = 0.020
"""A lookup within one zone takes under 1 ms; a first token takes ten times this bound."""
WRITE_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 1.0
CLOSE_SECONDS: Final = 1.0
"""For pending writes when the router shuts down."""
MAX_LOOKUPS: Final = 32
"""Concurrent lookups; above this the router is busy enough, and requests do not wait for a store."""
MAX_WRITES: Final = 256
MAX_WRITE_BYTES: Final = 8 * 2**20
"""Limits of pending writes; above either, responses are not shared, and counted."""
FAILURES: Final = (TimeoutError, RedisError, OSError, RuntimeError)
"""RuntimeError is what uvloop raises when a connection closes during a write."""


class RedisClient(Protocol):
    """The part of `redis.asyncio.Redis` that is used."""

    def mget(self, keys: Sequence[bytes], /) -> Awaitable[Sequence[bytes | None]]:
        """Return the values under these keys, in this order."""

    def set(self, name: bytes, value: bytes, *, px: int) -> Awaitable[object]:
        """Store for `px` milliseconds."""

    def aclose(self) -> Awaitable[None]:
        """Close its connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreClocks:
    """The router's own clock, and the wall clock that routers share."""

    own: Callable[[], float]
    wall: Callable[[], float]


def connect(url: str) -> RedisClient:
    """Create a client that tries once: a retry would take longer than its result is worth."""
    try:
        redis = Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=WRITE_SECONDS,
            retry=Retry(NoBackoff(), 0),
            max_connections=MAX_LOOKUPS + 1,
            protocol=2,
        )
    except ValueError:
        raise ValueError(
            "the address of the shared response cache is none: write redis://, rediss:// or unix://, then host, port "
            "and number of the database"
        ) from None
    return cast("RedisClient", redis)


class RedisAnswerStore:
    """The shared store, as the cache sees it."""

    def __init__(self, client: RedisClient, clocks: StoreClocks, scope: str) -> None:
        self.counts = RedisStoreCounters()
        self.outage = StoreOutage()
        self.scope = scope
        """The deployment or gateway whose routers share these responses; others may use the same Redis."""
        self._client = client
        self._clocks = clocks
        self._lookups: set[asyncio.Task[None]] = set()
        self._waiting: deque[tuple[bytes, CacheEntry, float, float]] = deque()
        self._waiting_bytes = 0
        self._more = asyncio.Event()
        self._closing = False
        self._writer: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Start the writer; must be called inside the running event loop."""
        self._writer = asyncio.get_running_loop().create_task(self._write_all())

    async def close(self) -> None:
        """Finish pending writes, within a second, and cancel all lookups."""
        for task in tuple(self._lookups):
            task.cancel()
        self._closing = True
        self._more.set()
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=CLOSE_SECONDS)
            self._writer.cancel()
        await asyncio.gather(*self._lookups, *filter(None, [self._writer]), return_exceptions=True)
        with suppress(*FAILURES):
            await self._client.aclose()

    # Called by the cache.

    def fetch(self, flight: CacheFlight, cache: ResponseCache) -> bool:
        """Look up a response of any revision in rotation; false if there is no lookup now."""
        revisions = tuple(filter(_is_identified, flight.request.key.revisions))
        if self._writer is None or not revisions or not self.outage.may_try(self._clocks.own()):
            return False
        if len(self._lookups) >= MAX_LOOKUPS:
            self.counts.busy += 1
            return False
        task = asyncio.get_running_loop().create_task(self._fetch(flight, cache, revisions))
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)
        return True

    def write(self, request: FlightRequest, entry: CacheEntry, seconds: float) -> None:
        """Store the entry in the background, unless it has no revision: other routers could not identify that."""
        if not _is_identified(entry.revision):
            return
        if len(self._waiting) >= MAX_WRITES or self._waiting_bytes + entry.cost > MAX_WRITE_BYTES:
            self.counts.dropped += 1
            return
        name = redis_values.name(self.scope, request.key, entry.revision)
        self._waiting.append((name, entry, seconds, self._clocks.wall()))
        self._waiting_bytes += entry.cost
        self._more.set()

    async def _fetch(self, flight: CacheFlight, cache: ResponseCache, revisions: tuple[str, ...]) -> None:
        """Look the entry up; the flight gets a result in any case."""
        try:
            entry = await self._read(flight.request.key, revisions)
            if entry is not None:
                cache.brought(flight, entry, self._clocks.own())
        finally:
            flight.found_nothing()

    async def _read(self, key: CacheKey, revisions: tuple[str, ...]) -> CacheEntry | None:
        names = [redis_values.name(self.scope, key, revision) for revision in revisions]
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                values = await self._client.mget(names)
        except FAILURES as error:
            self._failed(error)
            return None
        self._answered()
        now, wall = self._clocks.own(), self._clocks.wall()
        for revision, raw in zip(revisions, values, strict=False):
            if raw is not None and (entry := redis_values.entry(raw, revision, now, wall)) is not None:
                self.counts.hits += 1
                return entry
        self.counts.misses += 1
        return None

    async def _write_all(self) -> None:
        """Write entries, as the only writer, until the router closes and all is written."""
        while not self._closing:
            await self._more.wait()
            self._more.clear()
            while self._waiting:
                name, entry, seconds, wall = self._waiting.popleft()
                self._waiting_bytes -= entry.cost
                if self.outage.may_try(self._clocks.own()):
                    await self._write(name, redis_values.value(entry, seconds, wall), seconds)
                else:
                    self.counts.dropped += 1

    async def _write(self, name: bytes, value: bytes, seconds: float) -> None:
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                await self._client.set(name, value, px=max(1, int(seconds * 1000)))
        except FAILURES as error:
            self._failed(error)
            return
        self.counts.written += 1
        self._answered()

    def _failed(self, error: Exception) -> None:
        if isinstance(error, TimeoutError):
            self.counts.slow += 1
        else:
            self.counts.errors += 1
        if self.outage.failed(self._clocks.own()):
            log.warning(
                "the shared response cache does not answer (%s); this router uses its own", type(error).__name__
            )

    def _answered(self) -> None:
        if self.outage.answered():
            log.warning("the shared response cache answers again")


def _is_identified(revision: str) -> bool:
    """Whether other routers can identify it; the name of a gateway's target without a revision ends in @."""
    return revision != "" and not revision.endswith("@")

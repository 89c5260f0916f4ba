"""Entries within bounds: by bytes, by time, and by tenant.

Each tenant has its own LRU list. When the store is full, the tenant that holds most loses its least recently used
entry: no tenant loses one to a tenant that holds more, and a single tenant may use the whole store. Expired entries are
not served, and dropped a few at a time.
"""

from collections import OrderedDict
from heapq import heapify, heappop, heappush
from typing import Final, NamedTuple

from fairlead.router.cache.counters import CacheCounters
from fairlead.router.cache.entries import CacheEntry

MAX_SWEPT: Final = 200
"""Expired entries dropped per sweep: about 100 us of work, and 800 entries a second."""


class CacheEntryKey(NamedTuple):
    """The key of an entry within its tenant."""

    digest: bytes
    revision: str


class TenantEntries:
    """The entries of one tenant."""

    __slots__ = ("bytes", "entries")

    def __init__(self) -> None:
        self.entries: OrderedDict[CacheEntryKey, CacheEntry] = OrderedDict()
        self.bytes = 0


class CacheStore:
    """All entries of one router."""

    def __init__(self, max_bytes: int, counts: CacheCounters) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self.entries = 0
        self._counts = counts
        self._tenants: dict[str, TenantEntries] = {}
        self._ends: list[tuple[float, int, str, CacheEntryKey]] = []
        self._serial = 0

    def find(self, tenant: str, key: CacheEntryKey, now: float) -> CacheEntry | None:
        """Find a valid entry, which becomes the most recently used one."""
        held = self._tenants.get(tenant)
        if held is None or (entry := held.entries.get(key)) is None:
            return None
        if entry.expires_at <= now:
            self._drop(tenant, key)
            self._counts.expired += 1
            return None
        held.entries.move_to_end(key)
        return entry

    def put(self, tenant: str, key: CacheEntryKey, entry: CacheEntry) -> bool:
        """Store an entry in place of an older one; false if it alone exceeds the bound."""
        self._drop(tenant, key)
        if entry.cost > self.max_bytes:
            return False
        held = self._tenants.setdefault(tenant, TenantEntries())
        held.entries[key] = entry
        held.bytes += entry.cost
        self.bytes += entry.cost
        self.entries += 1
        self._serial += 1
        heappush(self._ends, (entry.expires_at, self._serial, tenant, key))
        self.shrink(self.max_bytes)
        return True

    def shrink(self, max_bytes: int) -> None:
        """Evict until at most `max_bytes` are held, the bound from now on."""
        self.max_bytes = max_bytes
        while self.bytes > max_bytes:
            tenant, held = max(self._tenants.items(), key=_held)
            self._drop(tenant, next(iter(held.entries)))
            self._counts.evicted += 1

    def clear(self) -> None:
        """Drop all entries."""
        self._tenants.clear()
        self._ends.clear()
        self.bytes = self.entries = 0

    def sweep(self, now: float) -> None:
        """Drop expired entries, a bounded number at a time."""
        for _ in range(MAX_SWEPT):
            if not self._ends or self._ends[0][0] > now:
                break
            _, _, tenant, key = heappop(self._ends)
            entry = self._peek(tenant, key)
            if entry is not None and entry.expires_at <= now:
                self._drop(tenant, key)
                self._counts.expired += 1
        if len(self._ends) > 2 * self.entries + MAX_SWEPT:
            self._recount()

    def forget(self, revision: str) -> None:
        """Drop all entries of one revision."""
        for tenant, held in list(self._tenants.items()):
            for key in [key for key in held.entries if key.revision == revision]:
                self._drop(tenant, key)

    def _peek(self, tenant: str, key: CacheEntryKey) -> CacheEntry | None:
        held = self._tenants.get(tenant)
        return None if held is None else held.entries.get(key)

    def _drop(self, tenant: str, key: CacheEntryKey) -> None:
        held = self._tenants.get(tenant)
        if held is None or (entry := held.entries.pop(key, None)) is None:
            return
        held.bytes -= entry.cost
        self.bytes -= entry.cost
        self.entries -= 1
        if not held.entries:
            del self._tenants[tenant]

    def _recount(self) -> None:
        """Rebuild the expiry heap, in which items of entries that were dropped early pile up."""
        self._ends = [
            (entry.expires_at, serial, tenant, key)
            for tenant, held in self._tenants.items()
            for serial, (key, entry) in enumerate(held.entries.items())
        ]
        heapify(self._ends)


def _held(named: tuple[str, TenantEntries]) -> int:
    return named[1].bytes

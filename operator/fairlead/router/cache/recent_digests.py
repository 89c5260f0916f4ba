"""Digests of recently parsed bodies, so that a body repeated byte for byte is not parsed again.

Most repeated requests come from the same program and are the same bytes; with 18 kB a lookup then costs 5 us instead of
35 (`python -m bench.router_cache.room`). The quick hash only finds the slot: the bytes themselves are compared, so no
client can craft a body that is taken for another.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from xxhash import xxh3_128_digest

SHARE: Final = 8
"""Bytes of stored responses per byte of cached bodies, which come on top: 8 MiB for the usual 64."""
OVERHEAD: Final = 400
"""Cost of an item besides its body (tracemalloc: 358 bytes)."""


class BodyDigestKey(NamedTuple):
    """Tenant, surface and quick hash of a body."""

    surface: str
    tenant: str
    extra: bytes
    quick: bytes


class RecentDigests:
    """An LRU map with a bound in bytes."""

    def __init__(self) -> None:
        self.held_limit = 0
        self.bytes = 0
        self._digests: OrderedDict[BodyDigestKey, tuple[bytes, bytes]] = OrderedDict()

    def find(self, key: BodyDigestKey, body: bytes) -> bytes | None:
        """Return the digest of exactly this body."""
        entry = self._digests.get(key)
        if entry is None or entry[0] != body:
            return None
        self._digests.move_to_end(key)
        return entry[1]

    def keep(self, key: BodyDigestKey, body: bytes, digest: bytes) -> None:
        """Keep the digest while there is room."""
        older = self._digests.pop(key, None)
        if older is not None:
            self.bytes -= len(older[0]) + OVERHEAD
        self._digests[key] = (body, digest)
        self.bytes += len(body) + OVERHEAD
        self.shrink(self.held_limit)

    def shrink(self, max_bytes: int) -> None:
        """Evict the least recently used until at most `max_bytes` are held, the bound from now on."""
        self.held_limit = max_bytes
        while self.bytes > max_bytes:
            _, (body, _) = self._digests.popitem(last=False)
            self.bytes -= len(body) + OVERHEAD


def digest_key(surface: str, tenant: str, extra: bytes, body: bytes) -> BodyDigestKey:
    """Return the key of a body's digest."""
    return BodyDigestKey(surface, tenant, extra, xxh3_128_digest(body))

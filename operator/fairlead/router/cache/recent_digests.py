"""Digests of bodies that were read lately, so that one asked again byte for byte is not read again.

Most repeated requests come from the same program and are the same bytes; with 18 kB a lookup then costs 5 us and not 35
(`python -m bench.router_cache.room`). The quick hash only finds the place: the bytes themselves are compared, so
nobody can make a body that is taken for another.
"""

from collections import OrderedDict
from typing import Final, NamedTuple

from xxhash import xxh3_128_digest

SHARE: Final = 8
"""One byte of bodies for so many of answers, beside them: 8 MiB of the usual 64."""
OVERHEAD: Final = 400
"""What one costs beside its body (tracemalloc: 358 bytes)."""


class BodyDigestKey(NamedTuple):
    """Who sent it, where to, and which place its bytes have."""

    surface: str
    tenant: str
    extra: bytes
    quick: bytes


class RecentDigests:
    """Least recently used first, within a bound of bytes."""

    def __init__(self) -> None:
        self.most_bytes = 0
        self.bytes = 0
        self._known: OrderedDict[BodyDigestKey, tuple[bytes, bytes]] = OrderedDict()

    def find(self, place: BodyDigestKey, body: bytes) -> bytes | None:
        """The digest of exactly this body."""
        known = self._known.get(place)
        if known is None or known[0] != body:
            return None
        self._known.move_to_end(place)
        return known[1]

    def keep(self, place: BodyDigestKey, body: bytes, digest: bytes) -> None:
        """For as long as there is room."""
        older = self._known.pop(place, None)
        if older is not None:
            self.bytes -= len(older[0]) + OVERHEAD
        self._known[place] = (body, digest)
        self.bytes += len(body) + OVERHEAD
        self.shrink(self.most_bytes)

    def shrink(self, most_bytes: int) -> None:
        """Let go until no more is held than that; from now on the bound."""
        self.most_bytes = most_bytes
        while self.bytes > most_bytes:
            _, (body, _) = self._known.popitem(last=False)
            self.bytes -= len(body) + OVERHEAD


def digest_key(surface: str, tenant: str, extra: bytes, body: bytes) -> BodyDigestKey:
    """Where its digest stands."""
    return BodyDigestKey(surface, tenant, extra, xxh3_128_digest(body))

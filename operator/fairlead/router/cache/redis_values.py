"""Keys and values in a store that routers share. Neither a prompt nor a tenant appears in plain text.

A key is `fairlead:cache:<version>:<scope>:<tenant>:<question>:<revision>`, the last four as digests, so that the
store's operator can remove one scope's or one tenant's responses by pattern. A scope is one deployment or gateway: a
revision is a digest of a spec, which two namespaces may have for different weights, and with tenants of one name. A
value is a MessagePack list; anything else, or another version or revision, is ignored: other programs use the store,
too.
"""

from hashlib import sha256
from typing import Final

import msgspec

from fairlead.router.cache.canonical_bodies import VERSION
from fairlead.router.cache.entries import CacheEntry
from fairlead.router.cache.lookup_keys import CacheKey

NAME: Final = b"fairlead:cache:%b:%b:%b:%b:%b"


class StoredAnswer(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """One response; fields are added at the end, and any other change increments `canonical_bodies.VERSION`."""

    version: bytes
    revision: str
    made_at: float
    """By the wall clock, which routers share; seconds since 1970."""
    seconds: float
    """How long it is valid after that."""
    lines: bytes
    body: bytes


_DECODER: Final = msgspec.msgpack.Decoder(StoredAnswer)
_ENCODER: Final = msgspec.msgpack.Encoder()


def name(scope: str, key: CacheKey, revision: str) -> bytes:
    """Return the key of one revision's response."""
    return NAME % (VERSION, _short(scope), _short(key.tenant), key.digest.hex().encode(), _short(revision))


def value(entry: CacheEntry, seconds: float, wall: float) -> bytes:
    """Encode an entry; `wall` is the wall-clock time at which the response was made."""
    stored = StoredAnswer(VERSION, entry.revision, wall, seconds, entry.lines, entry.body)
    return _ENCODER.encode(stored)


def entry(raw: bytes, revision: str, now: float, wall: float) -> CacheEntry | None:
    """Decode the entry for this router's own clock; None if the value is invalid or expired."""
    try:
        stored = _DECODER.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    age = max(0.0, wall - stored.made_at)
    if stored.version != VERSION or stored.revision != revision or not age < stored.seconds:
        return None
    made_at = now - age
    until = made_at + stored.seconds
    return CacheEntry(lines=stored.lines, body=stored.body, revision=revision, made_at=made_at, expires_at=until)


def _short(word: str) -> bytes:
    return sha256(word.encode()).hexdigest()[:16].encode()

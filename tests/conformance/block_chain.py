"""The chain of block hashes that vLLM publishes with `sha256_cbor`, computed independently of our engine.

The three kinds of values in a hash are encoded as canonical CBOR by hand: it takes twenty lines, and only a second
implementation makes agreement meaningful.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

Key = tuple[str, ...]
SEED: Final = "vllm-none-hash"
LOW_64: Final = (1 << 64) - 1
INTEGER, BYTES, TEXT, ARRAY = 0, 2, 3, 4
NULL: Final = b"\xf6"


def chain(
    tokens: Sequence[int], size: int, *, every: Sequence[Key] = (), first: Sequence[Key] = (), after: bytes = b""
) -> Iterator[bytes]:
    """The hash of each whole block; the keys in `every` go into each, those in `first` only into the first."""
    parent = after or _hash(_cbor(SEED))
    for begin in range(0, len(tokens) - size + 1, size):
        keys = (*every, *(first if begin == 0 and not after else ()))
        block = _cbor(tokens[begin : begin + size])
        parent = _hash(_head(ARRAY, 3) + _cbor(parent) + block + (_cbor(keys) if keys else NULL))
        yield parent


def events_number(digest: bytes) -> int:
    """A block's number in an event."""
    return int.from_bytes(digest, "big") & LOW_64


def _hash(words: bytes) -> bytes:
    return hashlib.sha256(words).digest()


def _cbor(value: "int | bytes | str | Sequence[int] | Sequence[Key] | Key") -> bytes:
    if isinstance(value, int):
        return _head(INTEGER, value)
    if isinstance(value, bytes):
        return _head(BYTES, len(value)) + value
    if isinstance(value, str):
        return _head(TEXT, len(value.encode())) + value.encode()
    return _head(ARRAY, len(value)) + b"".join(_cbor(one) for one in value)


def _head(major: int, size: int) -> bytes:
    if size < 24:
        return bytes([major << 5 | size])
    width = next(place for place, limit in enumerate((1, 2, 4, 8)) if size < 1 << 8 * limit)
    return bytes([major << 5 | 24 + width]) + size.to_bytes(1 << width, "big")

"""Chained names of full pages, as vLLM 0.32 makes them, so that any reader of its events can recompute ours.

A page's digest covers the digest before it, the page's tokens, and what else sets its text apart: an adapter, a salt.
`sha256_cbor` hashes canonical CBOR and is meant for other languages; `sha256`, the default, hashes Python's pickle.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

SEED_VARIABLE: Final = "PYTHONHASHSEED"
SEED: Final = "vllm-none-hash"
"""What the first page's parent is made from, unless the variable says otherwise: the same in every process."""
CBOR: Final = "sha256_cbor"
_LOW: Final = (1 << 64) - 1
_UINT, _BYTES, _TEXT, _ARRAY = 0x00, 0x40, 0x60, 0x80
_NULL: Final = b"\xf6"

ExtraKeys = tuple[Any, ...] | None


def extra(first: bool, adapter: tuple[str, str] | None, salt: str | None) -> ExtraKeys:
    """What sets a page apart beside its text; a salt counts in the first page only."""
    keys = ((("lora", *adapter),) if adapter else ()) + ((("cache_salt", salt),) if first and salt else ())
    return keys or None


def name(digest: bytes) -> int:
    """The low 64 bits: what events call a page."""
    return int.from_bytes(digest[-8:], "big")


class BlockHasher:
    """One algorithm, with its first parent."""

    def __init__(self, algorithm: str, environment: Mapping[str, str]) -> None:
        self._digest: Callable[[Any], bytes] = _by_cbor if algorithm == CBOR else _by_pickle
        self.root = self._digest(environment.get(SEED_VARIABLE, SEED))

    def chain(
        self, ids: Sequence[int], page: int, adapter: tuple[str, str] | None = None, salt: str | None = None
    ) -> Iterator[int]:
        """The names of all full pages of a text, one after the other."""
        digest = self.root
        keys, later = extra(True, adapter, salt), extra(False, adapter, salt)
        for end in range(page, len(ids) + 1, page):
            digest = self._digest((digest, tuple(ids[end - page : end]), keys))
            keys = later
            yield name(digest)


def _by_pickle(value: Any) -> bytes:  # noqa: ANN401 - whatever stands in a chain
    return hashlib.sha256(pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)).digest()


def _by_cbor(value: Any) -> bytes:  # noqa: ANN401
    return hashlib.sha256(cbor(value)).digest()


def cbor(value: Any) -> bytes:  # noqa: ANN401
    """Canonical CBOR of what stands in a chain: null, counts, bytes, text, and lists of these."""
    match value:
        case None:
            return _NULL
        case int():
            return _head(_UINT, value)
        case bytes():
            return _head(_BYTES, len(value)) + value
        case str():
            text = value.encode()
            return _head(_TEXT, len(text)) + text
        case [int(), *_]:
            return _head(_ARRAY, len(value)) + b"".join([_COUNTS[each] for each in value])
        case _:
            return _head(_ARRAY, len(value)) + b"".join([cbor(each) for each in value])


def _head(kind: int, number: int) -> bytes:
    """The shortest form, which is the canonical one."""
    if number < 24:
        return bytes((kind | number,))
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes((kind | code,)) + number.to_bytes(size, "big")
    raise ValueError(f"{number}: no such number stands in a chain of pages")


class _EncodedIntegers(dict[int, bytes]):
    """Token ids come again and again; there are no more of them than the vocabulary has."""

    def __missing__(self, number: int) -> bytes:
        self[number] = made = _head(_UINT, number)
        return made


_COUNTS: Final = _EncodedIntegers()

"""Chained hashes of full blocks, as vLLM 0.32 computes them, so that any consumer of KV events can recompute them.

A block's digest covers the previous digest, the block's tokens, and its extra keys: a LoRA adapter, a cache salt.
`sha256_cbor` hashes canonical CBOR, which other languages can recompute; `sha256`, the default, hashes Python's pickle.
"""

import hashlib
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

SEED_VARIABLE: Final = "PYTHONHASHSEED"
SEED: Final = "vllm-none-hash"
"""Source of the first block's parent hash unless the variable is set: the same in every process."""
CBOR: Final = "sha256_cbor"
_UINT, _BYTES, _TEXT, _ARRAY = 0x00, 0x40, 0x60, 0x80
_NULL: Final = b"\xf6"

ExtraKeys = tuple[Any, ...] | None


def extra(first: bool, adapter: tuple[str, str] | None, salt: str | None) -> ExtraKeys:
    """Return a block's extra keys; a salt counts in the first block only."""
    keys = ((("lora", *adapter),) if adapter else ()) + ((("cache_salt", salt),) if first and salt else ())
    return keys or None


def name(digest: bytes) -> int:
    """Return the low 64 bits of a digest: the block hash in KV events."""
    return int.from_bytes(digest[-8:], "big")


class BlockHasher:
    """One hash algorithm, with the parent hash of the first block."""

    def __init__(self, algorithm: str, environment: Mapping[str, str]) -> None:
        self._digest: Callable[[Any], bytes] = _by_cbor if algorithm == CBOR else _by_pickle
        self.root = self._digest(environment.get(SEED_VARIABLE, SEED))

    def chain(
        self, ids: Sequence[int], page: int, adapter: tuple[str, str] | None = None, salt: str | None = None
    ) -> Iterator[int]:
        """Yield the hashes of all full blocks of a token sequence, in order."""
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
    """Encode a block hash's inputs as canonical CBOR: null, unsigned integers, bytes, text, and lists of these."""
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
    """Encode type and number in the shortest form, which is the canonical one."""
    if number < 24:
        return bytes((kind | number,))
    for code, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if number < 1 << 8 * size:
            return bytes((kind | code,)) + number.to_bytes(size, "big")
    raise ValueError(f"{number}: no such number stands in a chain of pages")


class _EncodedIntegers(dict[int, bytes]):
    """Memoized encodings of token ids, which repeat; at most as many entries as the vocabulary has."""

    def __missing__(self, number: int) -> bytes:
        self[number] = made = _head(_UINT, number)
        return made


_COUNTS: Final = _EncodedIntegers()

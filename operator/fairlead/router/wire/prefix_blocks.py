"""A prompt's prefix as chained block ids: equal ids mean equal prefixes, in every router.

A block is 512 bytes, about 128 tokens: 8 of vLLM's own blocks of 16, fine enough for a system prompt, and coarse enough
that 18 kB are 35 hashes. Each id is hashed with the previous one as the seed, so it covers everything before.
"""

from typing import Final

from xxhash import xxh3_64_intdigest

BYTES: Final = 512
MOST: Final = 2048
"""1 MiB of text, about 250,000 tokens: as long as contexts are, and half a millisecond of the loop at most."""


def of(prompt: bytes, salt: bytes = b"") -> list[int]:
    """Return the block ids of a prompt. `salt` separates what engines do: adapters, and tenants with salted caches."""
    seed = xxh3_64_intdigest(salt) if salt else 0
    found = []
    for at in range(0, min(len(prompt), BYTES * MOST) - BYTES + 1, BYTES):
        seed = xxh3_64_intdigest(prompt[at : at + BYTES], seed)
        found.append(seed)
    return found


def session_id(name: bytes, salt: bytes = b"") -> int:
    """Hash a client's name for its session to a number that is the same in every router; never 0, which means none."""
    return xxh3_64_intdigest(name, xxh3_64_intdigest(salt) if salt else 0) or 1

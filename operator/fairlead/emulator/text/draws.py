"""Pseudorandom numbers from a seed: the same in every process, as many as needed."""

import struct
from hashlib import shake_128
from typing import Final

_ROUND: Final = 256


def numbers(seed: bytes, count: int) -> tuple[int, ...]:
    """Return `count` numbers of 16 bits, from one call of the hash."""
    return struct.unpack(f"<{count}H", shake_128(seed).digest(2 * count))


class SeededDraws:
    """A stream of numbers from one seed."""

    __slots__ = ("_left", "_round", "_seed")

    def __init__(self, seed: bytes) -> None:
        self._seed = seed
        self._round = 0
        self._left: list[int] = []

    @property
    def drawn(self) -> int:
        """Numbers that were drawn so far."""
        return self._round * _ROUND - len(self._left)

    def below(self, bound: int) -> int:
        """Return an integer from 0 to `bound` - 1; nearly uniform, which suffices for words."""
        high, low = self._next(), self._next()
        return (high << 16 | low) % bound

    def share(self) -> float:
        """Return a number from 0 to below 1."""
        return self._next() / 65536

    def _next(self) -> int:
        if not self._left:
            self._left = list(numbers(self._seed + self._round.to_bytes(4, "big"), _ROUND))
            self._round += 1
        return self._left.pop()

"""Lengths of prompts and replies: fixed, log-normal through two or three percentiles, or by a table of quantiles."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Final

from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.traffic import Z95, Z99, TokenLengths

LengthSource = Callable[[], tuple[int, int]]
"""Prompt and reply of the next request, in tokens."""

_NORMAL: Final = NormalDist()
_MIN_CHANCE: Final = 1e-12
"""`random` may return exactly 0, whose normal quantile is infinite."""


def fixed_lengths(prompt: int, output: int) -> LengthSource:
    """Use the same lengths for every request."""
    return lambda: (prompt, output)


def lognormal(prompt: TokenLengths, output: TokenLengths, most: int, randomness: RandomSource) -> LengthSource:
    """Draw both log-normal by median and 95th percentile, independently; together they fit the context."""
    return _independent(_lognormal, (prompt, output), most, randomness)


def by_percentiles(prompt: TokenLengths, output: TokenLengths, most: int, randomness: RandomSource) -> LengthSource:
    """Draw both as `lognormal` does, but above the 95th percentile also through the 99th: tails keep their weight."""
    return _independent(_with_tail, (prompt, output), most, randomness)


def _independent(
    length: Callable[[TokenLengths, float], float],
    both: tuple[TokenLengths, TokenLengths],
    most: int,
    randomness: RandomSource,
) -> LengthSource:
    """Draw the reply first; the prompt gets at most what it leaves of the context."""
    prompt, output = both

    def draw() -> tuple[int, int]:
        reply = min(max(round(length(output, _deviations(randomness))), 1), most - 1)
        return min(max(round(length(prompt, _deviations(randomness))), 1), most - reply), reply

    return draw


def _deviations(randomness: RandomSource) -> float:
    return _NORMAL.inv_cdf(max(randomness.random(), _MIN_CHANCE))


def _lognormal(lengths: TokenLengths, deviations: float) -> float:
    return lengths.p50 * math.exp(math.log(lengths.p95 / lengths.p50) / Z95 * deviations)


def _with_tail(lengths: TokenLengths, deviations: float) -> float:
    if deviations <= Z95:
        return _lognormal(lengths, deviations)
    return lengths.p95 * math.exp(math.log(lengths.p99 / lengths.p95) / (Z99 - Z95) * (deviations - Z95))


class LengthQuantiles:
    """The inverse of a published table of quantiles: from a uniform number to a length, linear between two levels."""

    __slots__ = ("_lengths", "_levels")

    def __init__(self, levels: Sequence[float], lengths: Sequence[float]) -> None:
        """Take increasing levels from 0 to 1, each with its length."""
        self._levels = tuple(levels)
        self._lengths = tuple(lengths)

    def at(self, share: float) -> int:
        """Return the length that this share of requests does not exceed, at least 1."""
        levels, lengths = self._levels, self._lengths
        place = min(max(bisect_right(levels, share), 1), len(levels) - 1)
        below, above = levels[place - 1], levels[place]
        part = (share - below) / (above - below)
        return max(round(lengths[place - 1] + (lengths[place] - lengths[place - 1]) * part), 1)

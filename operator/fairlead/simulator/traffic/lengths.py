"""How long prompts and replies are: always the same, log-normal through two percentiles, or by a table of quantiles."""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from statistics import NormalDist
from typing import Final

from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.traffic import Z95, TokenLengths

LengthSource = Callable[[], tuple[int, int]]
"""Prompt and reply of the next request, in tokens."""

_NORMAL: Final = NormalDist()
_LEAST_CHANCE: Final = 1e-12
"""`random` may answer exactly 0, whose normal quantile is infinite."""


def fixed_lengths(prompt: int, output: int) -> LengthSource:
    """The same for every request."""
    return lambda: (prompt, output)


def lognormal(prompt: TokenLengths, output: TokenLengths, most: int, chance: RandomSource) -> LengthSource:
    """Both by their median and 95th percentile, independent of each other; prompt and reply fit the context."""

    def draw() -> tuple[int, int]:
        reply = min(max(round(_lognormal(output, chance)), 1), most - 1)
        return min(max(round(_lognormal(prompt, chance)), 1), most - reply), reply

    return draw


def _lognormal(lengths: TokenLengths, chance: RandomSource) -> float:
    spread = math.log(lengths.p95 / lengths.p50) / Z95
    return lengths.p50 * math.exp(spread * _NORMAL.inv_cdf(max(chance.random(), _LEAST_CHANCE)))


class LengthQuantiles:
    """A published table of quantiles, read backwards: even chance in, lengths out; straight between two levels."""

    __slots__ = ("_lengths", "_levels")

    def __init__(self, levels: Sequence[float], lengths: Sequence[float]) -> None:
        """Levels from 0 to 1, rising, each with its length."""
        self._levels = tuple(levels)
        self._lengths = tuple(lengths)

    def at(self, share: float) -> int:
        """The length that this share of requests does not exceed; at least one token."""
        levels, lengths = self._levels, self._lengths
        place = min(max(bisect_right(levels, share), 1), len(levels) - 1)
        below, above = levels[place - 1], levels[place]
        part = (share - below) / (above - below)
        return max(round(lengths[place - 1] + (lengths[place] - lengths[place - 1]) * part), 1)

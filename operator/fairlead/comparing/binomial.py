"""Exact probabilities of a binomial distribution."""

from math import exp, inf, lgamma, log
from typing import Final

_LOST_IN_SUM: Final = 2.0**-60
"""Adding this share of a float to it leaves it as it is."""


def log_chance(hits: int, of: int, share: float) -> float:
    """Logarithm of the probability of exactly this many hits."""
    if not 0 < share < 1:
        return 0.0 if hits == of * share else -inf
    ways = lgamma(of + 1) - lgamma(hits + 1) - lgamma(of - hits + 1)
    return ways + hits * log(share) + (of - hits) * log(1 - share)


def at_least(hits: int, of: int, share: float) -> float:
    """Probability of this many hits or more."""
    if hits <= 0:
        return 1.0
    total = 0.0
    for one in range(hits, of + 1):
        chance = exp(log_chance(one, of, share))
        total += chance
        if one > of * share and chance < _LOST_IN_SUM * total:
            break  # beyond the mean chances only fall, and none of the rest would change the sum
    return min(1.0, total)

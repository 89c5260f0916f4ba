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
    if hits > of or not 0 < share < 1:
        return 1.0 if hits <= of * share else 0.0
    # Each chance follows from its neighbour's by one product, from the likeliest on: logarithms for each would make the
    # search for a number of items take seconds, in which a leader loses its Lease.
    first, odds = max(hits, int(of * share)), share / (1 - share)
    chance = likeliest = exp(log_chance(first, of, share))
    total = chance
    for one in range(first, of):
        chance *= (of - one) / (one + 1) * odds
        total += chance
        if chance < _LOST_IN_SUM * total:
            break  # beyond the likeliest chances only fall, and none of the rest would change the sum
    chance = likeliest
    for one in range(first, hits, -1):
        chance *= one / ((of - one + 1) * odds)
        total += chance
        if chance < _LOST_IN_SUM * total:
            break
    return min(1.0, total)

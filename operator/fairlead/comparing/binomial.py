"""Exact probabilities of a binomial distribution."""

from math import exp, inf, lgamma, log


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
    return min(1.0, sum(exp(log_chance(one, of, share)) for one in range(hits, of + 1)))

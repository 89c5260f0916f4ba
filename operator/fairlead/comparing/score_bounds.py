"""Bounds of the difference of two paired rates by Tango's score (Statistics in Medicine 17, 1998).

They hold with few items and hardly any differing answers, where Wald's and the bootstrap's do not.
"""

from math import inf, sqrt
from statistics import NormalDist
from typing import Final

from fairlead.comparing.item_pairs import PairCounts
from fairlead.fleet.gate_verdicts import Interval

LEVEL: Final = 0.95
_STEPS: Final = 60
"""Bisections of the range of a difference: far below a float's precision."""
_NORMAL: Final = NormalDist()


def quantile(level: float) -> float:
    """Quantile of the normal distribution."""
    return _NORMAL.inv_cdf(level)


def tail(statistic: float) -> float:
    """The probability of a statistic this low or lower."""
    return _NORMAL.cdf(statistic)


def statistic(counts: PairCounts, difference: float) -> float:
    """How far, in standard errors, the counts are above a true difference."""
    n, gained, lost = counts.n, counts.gained, counts.lost
    away = gained - lost - n * difference
    linear = -gained - lost + (2 * n - gained + lost) * difference
    constant = -lost * difference * (1 - difference)
    lost_rate = (sqrt(max(0.0, linear * linear - 8 * n * constant)) - linear) / (4 * n)
    variance = n * (2 * lost_rate + difference * (1 - difference))
    if variance <= 0:
        return 0.0 if away == 0 else inf if away > 0 else -inf
    return away / sqrt(variance)


def lower(counts: PairCounts, level: float = LEVEL) -> float:
    """The one-sided lower bound of the difference."""
    return _difference_at(counts, quantile(level))


def upper(counts: PairCounts, level: float = LEVEL) -> float:
    """The one-sided upper bound of the difference."""
    return _difference_at(counts, -quantile(level))


def interval(counts: PairCounts) -> Interval:
    """Estimate and both one-sided bounds."""
    return Interval(low=lower(counts), estimate=counts.difference, high=upper(counts))


def _difference_at(counts: PairCounts, wanted: float) -> float:
    """The difference with this statistic; the statistic falls as the difference rises."""
    low, high = -1.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if statistic(counts, middle) > wanted:
            low = middle
        else:
            high = middle
    return (low + high) / 2

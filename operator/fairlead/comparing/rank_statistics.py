"""Whether durations of one side are longer: a rank test with normal scores in strata of similar requests.

Ranks are robust to long tails; normal scores lose nothing with log-normal durations.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log, sqrt
from statistics import NormalDist
from typing import Final

from fairlead.comparing import score_bounds
from fairlead.fleet.gate_verdicts import Interval

_NORMAL: Final = NormalDist()
_WIDEST: Final = 3.0
"""Logarithm of the largest ratio that is searched: twenty times."""
_HALVINGS: Final = 14
"""Bisections of that range: a ratio is known to less than a thousandth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """Logarithms of durations of similar requests: one bucket of prompt lengths, one band of load."""

    baseline: tuple[float, ...]
    candidate: tuple[float, ...]


def statistic(strata: Sequence[Stratum], ratio: float = 1.0) -> float:
    """How far, in standard deviations, the candidate's durations rank above the baseline's times the ratio."""
    shift = log(ratio)
    parts = [_scores(one, shift) for one in strata if one.baseline and one.candidate]
    variance = sum(one for _, one in parts)
    return sum(one for one, _ in parts) / sqrt(variance) if variance > 0 else 0.0


def interval(strata: Sequence[Stratum], level: float = score_bounds.LEVEL) -> Interval:
    """The ratio of durations, with one-sided bounds: where the test would not reject."""
    z = score_bounds.quantile(level)
    return Interval(low=_ratio_at(strata, z), estimate=_ratio_at(strata, 0.0), high=_ratio_at(strata, -z))


def shown(ratio: float, above: str = "more than ") -> str:
    """Format a ratio; one above the range that is searched is known as that only."""
    return f"{above}{exp(_WIDEST):.0f}" if ratio == inf else f"{ratio:.2f}"


def strata(durations: Mapping[object, tuple[Sequence[float], Sequence[float]]]) -> tuple[Stratum, ...]:
    """Build strata from durations of baseline and candidate; only positive ones count."""
    return tuple(
        Stratum(
            baseline=tuple(log(one) for one in baseline if one > 0),
            candidate=tuple(log(one) for one in candidate if one > 0),
        )
        for baseline, candidate in durations.values()
    )


def _ratio_at(strata: Sequence[Stratum], wanted: float) -> float:
    low, high = -_WIDEST, _WIDEST
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if statistic(strata, exp(middle)) > wanted else (low, middle)
    if high >= _WIDEST:
        return inf
    return exp((low + high) / 2) if low > -_WIDEST else 0.0


def _scores(stratum: Stratum, shift: float) -> tuple[float, float]:
    """The sum of the candidate's scores above its expectation, and its permutation variance."""
    shifted = [one - shift for one in stratum.candidate]
    values = sorted([*((one, 0) for one in stratum.baseline), *((one, 1) for one in shifted)])
    n = len(values)
    scores = _tied([_NORMAL.inv_cdf((place + 1) / (n + 1)) for place in range(n)], [one for one, _ in values])
    mean = sum(scores) / n
    total = sum(score for score, (_, candidate) in zip(scores, values, strict=True) if candidate)
    spread = sum((one - mean) ** 2 for one in scores)
    few, many = len(stratum.candidate), len(stratum.baseline)
    return total - few * mean, few * many * spread / (n * (n - 1))


def _tied(scores: list[float], values: Sequence[float]) -> list[float]:
    """Equal values get the mean of their scores."""
    start = 0
    for end in range(1, len(values) + 1):
        if end == len(values) or values[end] != values[start]:
            if end - start > 1:
                scores[start:end] = [sum(scores[start:end]) / (end - start)] * (end - start)
            start = end
    return scores

"""Evidence that a candidate fails more often than the baseline and than a limit: exact, and valid at every analysis.

The evidence is what a stake of 1 has grown to. Against the baseline the bet is on which side's requests have the faults
of a block, given their number: Fisher's hypergeometric probabilities, whatever share of the traffic each side has.
Against the limit it is on each request. The smaller of both counts, so a candidate fails only if it is above both.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, lgamma, log, log1p
from typing import Final

ODDS: Final = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Odds ratios of candidate to baseline that are bet on, and of candidate to limit."""
ALPHA: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultBlock:
    """Requests, or conversations, of one short interval, and how many of them had a fault."""

    candidate: int
    candidate_faults: int
    baseline: int
    baseline_faults: int


def evidence(blocks: Sequence[FaultBlock], limit: float) -> float:
    """What the stake has grown to; a limit of 0 is no limit."""
    beside = mean_of_logs([sum(log_of_block(one, odds) for one in blocks) for odds in ODDS])
    return min(beside, _against(blocks, limit)) if limit > 0 else beside


def shown(blocks: Sequence[FaultBlock], limit: float, alpha: float = ALPHA) -> bool:
    """Whether the candidate is shown to fail more often than both."""
    return evidence(blocks, limit) >= 1 / alpha


def most_likely_below(requests: int, faults: int, level: float = 0.95) -> float:
    """The upper bound of the fault rate after these requests: 3 in n if none had a fault."""
    if faults >= requests:
        return 1.0
    low, high = faults / requests, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(faults, requests, middle) > 1 - level else (low, middle)
    return high


def _against(blocks: Sequence[FaultBlock], limit: float) -> float:
    """The bet on a rate above the limit, which does not gain while the rate is at or below it."""
    requests, faults = sum(one.candidate for one in blocks), sum(one.candidate_faults for one in blocks)
    rates = [limit * odds / (1 - limit + limit * odds) for odds in ODDS] if limit < 1 else []
    logs = [faults * log(rate / limit) + (requests - faults) * (log1p(-rate) - log1p(-limit)) for rate in rates]
    return mean_of_logs(logs) if logs else 1.0


def log_of_block(block: FaultBlock, odds: float) -> float:
    faults = block.candidate_faults + block.baseline_faults
    if not faults or not block.candidate or not block.baseline:
        return 0.0
    chances = [_log_ways(block.candidate, own) + _log_ways(block.baseline, faults - own) for own in range(faults + 1)]
    even = _log_sum(chances)
    uneven = _log_sum([one + own * log(odds) for own, one in enumerate(chances)])
    return block.candidate_faults * log(odds) + even - uneven


def _log_ways(of: int, hits: int) -> float:
    return lgamma(of + 1) - lgamma(hits + 1) - lgamma(of - hits + 1) if hits <= of else -inf


def _log_sum(logs: Sequence[float]) -> float:
    most = max(logs)
    return most + log(sum(exp(one - most) for one in logs))


def mean_of_logs(logs: Sequence[float]) -> float:
    """Mean of the numbers with these logarithms; infinite where it exceeds a float."""
    whole = _log_sum(logs) - log(len(logs))
    return exp(whole) if whole < 700 else inf


def _at_most(hits: int, of: int, share: float) -> float:
    return sum(exp(_log_ways(of, one) + one * log(share) + (of - one) * log1p(-share)) for one in range(hits + 1))

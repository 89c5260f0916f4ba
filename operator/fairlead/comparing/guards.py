"""Guards, for what accuracy does not show: answers that are cut, empty, not JSON or missing, longer or shorter.

A guard is exceeded if the candidate is worse by more than the limit and chance is an unlikely cause: one time in a
thousand, for each guard, with equal models.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import sqrt
from typing import Final

from fairlead.comparing import score_bounds
from fairlead.comparing.clusters import clustered
from fairlead.comparing.item_pairs import ItemPair, PairCounts, ScoredAnswer

LEVEL: Final = 0.999
_Z: Final = score_bounds.quantile(LEVEL)
SHARE_LIMIT: Final = 0.02
LENGTH_LIMITS: Final = (0.9, 1.1)


class Guard(StrEnum):
    """What is guarded."""

    ERRORS = "Errors"
    CUT = "Cut"
    EMPTY = "Empty"
    INVALID_JSON = "InvalidJSON"
    LENGTH = "Length"


_SHARES: Final[Mapping[Guard, Callable[[ScoredAnswer], bool]]] = {
    Guard.ERRORS: lambda answer: bool(answer.error),
    Guard.CUT: lambda answer: answer.cut,
    Guard.EMPTY: lambda answer: answer.empty,
    Guard.INVALID_JSON: lambda answer: answer.invalid_json,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardFigures:
    """Figures of one guard: shares of answers; for the length, tokens a reply."""

    guard: Guard
    baseline: float
    candidate: float
    exceeded: bool

    @property
    def sentence(self) -> str:
        """Format both figures."""
        if self.guard is Guard.LENGTH:
            return f"{self.candidate:.0f} tokens an answer, {self.baseline:.0f} of the baseline"
        return f"{self.guard}: {self.candidate:.1%} of the answers, {self.baseline:.1%} of the baseline's"


def figures(pairs: Sequence[ItemPair]) -> tuple[GuardFigures, ...]:
    """Compute all guards; the length only if both sides report their tokens."""
    kept = [one for one in pairs if not one.baseline.error]
    return (*(_share(guard, kept) for guard in _SHARES), *_length(kept))


def _share(guard: Guard, pairs: Sequence[ItemPair]) -> GuardFigures:
    fault = _SHARES[guard]
    both = [(fault(one.baseline), fault(one.candidate)) for one in pairs]
    counts = PairCounts(
        n=len(both),
        gained=sum(after > before for before, after in both),
        lost=sum(after < before for before, after in both),
        baseline_right=sum(before for before, _ in both),
    )
    return GuardFigures(
        guard=guard,
        baseline=counts.baseline_rate,
        candidate=counts.candidate_rate,
        exceeded=counts.difference >= SHARE_LIMIT and _is_shown(pairs, fault),
    )


def _is_shown(pairs: Sequence[ItemPair], fault: Callable[[ScoredAnswer], bool]) -> bool:
    """Whether chance is an unlikely cause; faults of one cluster count for less, as its wrong answers do."""
    answers = ((ScoredAnswer(right=fault(one.baseline)), ScoredAnswer(right=fault(one.candidate))) for one in pairs)
    faults = [replace(one, baseline=both[0], candidate=both[1]) for one, both in zip(pairs, answers, strict=True)]
    return score_bounds.statistic(clustered(faults).effective(0.0, _Z), 0.0) > _Z


def _length(pairs: Sequence[ItemPair]) -> Iterator[GuardFigures]:
    """The ratio of mean lengths, with its standard error from the residuals of a line through zero.

    As with shares, the larger error of both counts, by answers and by clusters.
    """
    both = [
        (one.unit, one.baseline.tokens, one.candidate.tokens)
        for one in pairs
        if one.baseline.tokens is not None and one.candidate.tokens is not None and not one.candidate.error
    ]
    before, after = sum(one for _, one, _ in both), sum(one for _, _, one in both)
    if len(both) < 2 or not before:
        return
    ratio = after / before
    residuals = [one_after - ratio * one_before for _, one_before, one_after in both]
    of_units: dict[str, float] = defaultdict(float)
    for (unit, _, _), one in zip(both, residuals, strict=True):
        of_units[unit] += one
    error = sqrt(max(_variance(residuals), _variance(list(of_units.values())))) / before * _Z
    low, high = LENGTH_LIMITS
    yield GuardFigures(
        guard=Guard.LENGTH,
        baseline=before / len(both),
        candidate=after / len(both),
        exceeded=ratio - error > high or ratio + error < low,
    )


def _variance(residuals: Sequence[float]) -> float:
    """Of the sum of these; 0 of a single one, which says nothing."""
    return sum(one * one for one in residuals) * len(residuals) / max(1, len(residuals) - 1)

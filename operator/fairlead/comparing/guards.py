"""Guards, for what accuracy does not show: answers that are cut, empty, not JSON or missing, longer or shorter.

A guard is exceeded if the candidate is worse by more than the limit and chance is an unlikely cause: one time in a
thousand, for each guard, with equal models.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt
from typing import Final

from fairlead.comparing import score_bounds
from fairlead.comparing.item_pairs import ItemPair, PairCounts, ScoredAnswer

LEVEL: Final = 0.999
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
    shown = bool(both) and score_bounds.statistic(counts, 0.0) > score_bounds.quantile(LEVEL)
    return GuardFigures(
        guard=guard,
        baseline=counts.baseline_rate,
        candidate=counts.candidate_rate,
        exceeded=shown and counts.difference >= SHARE_LIMIT,
    )


def _length(pairs: Sequence[ItemPair]) -> Iterator[GuardFigures]:
    """The ratio of mean lengths, with its standard error from the residuals of a line through zero."""
    both = [
        (one.baseline.tokens, one.candidate.tokens)
        for one in pairs
        if one.baseline.tokens is not None and one.candidate.tokens is not None and not one.candidate.error
    ]
    before, after = sum(one for one, _ in both), sum(one for _, one in both)
    if len(both) < 2 or not before:
        return
    ratio = after / before
    residuals = sum((one_after - ratio * one_before) ** 2 for one_before, one_after in both)
    error = sqrt(residuals * len(both) / (len(both) - 1)) / before * score_bounds.quantile(LEVEL)
    low, high = LENGTH_LIMITS
    yield GuardFigures(
        guard=Guard.LENGTH,
        baseline=before / len(both),
        candidate=after / len(both),
        exceeded=ratio - error > high or ratio + error < low,
    )

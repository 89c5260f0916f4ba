"""Paired answers of baseline and candidate to the same items, and how often they differ."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredAnswer:
    """One answer with its score."""

    right: bool
    error: str = ""
    """Why there is no answer: a status, a cut connection, a time-out."""
    cut: bool = False
    """Whether it ended at its token limit."""
    empty: bool = False
    invalid_json: bool = False
    tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPair:
    """Both answers to one item; another sample of the same item is another pair of its cluster."""

    item: str
    baseline: ScoredAnswer
    candidate: ScoredAnswer
    cluster: str = ""
    """Shared by items of one document or conversation; empty: the item is independent."""
    tags: tuple[str, ...] = ()

    @property
    def unit(self) -> str:
        """The cluster or the item: independent of all other units."""
        return self.cluster or self.item

    @property
    def gain(self) -> int:
        """1: only the candidate is right; -1: only the baseline is."""
        return int(self.candidate.right) - int(self.baseline.right)


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """Counts of pairs; not whole numbers if dependent items count for fewer."""

    n: float
    gained: float
    lost: float
    baseline_right: float

    @property
    def difference(self) -> float:
        """The candidate's rate minus the baseline's."""
        return (self.gained - self.lost) / self.n if self.n else 0.0

    @property
    def discordance(self) -> float:
        """Share of flips: items that only one side has right."""
        return (self.gained + self.lost) / self.n if self.n else 0.0

    @property
    def baseline_rate(self) -> float:
        """Share of the baseline's right answers."""
        return self.baseline_right / self.n if self.n else 0.0

    @property
    def candidate_rate(self) -> float:
        """Share of the candidate's right answers."""
        return self.baseline_rate + self.difference

    @property
    def recovery(self) -> float | None:
        """The candidate's rate as a share of the baseline's."""
        return self.candidate_rate / self.baseline_rate if self.baseline_right else None

    def divided(self, by: float) -> "PairCounts":
        """The same rates over fewer pairs."""
        return PairCounts(
            n=self.n / by,
            gained=self.gained / by,
            lost=self.lost / by,
            baseline_right=self.baseline_right / by,
        )


def counted(pairs: Iterable[ItemPair]) -> PairCounts:
    """Count pairs whose baseline has an answer; an error of the candidate is a wrong answer."""
    kept = [one for one in pairs if not one.baseline.error]
    return PairCounts(
        n=len(kept),
        gained=sum(one.gain > 0 for one in kept),
        lost=sum(one.gain < 0 for one in kept),
        baseline_right=sum(one.baseline.right for one in kept),
    )

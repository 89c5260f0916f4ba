"""Slices of a set by tag: a worse slice may fail a candidate, and none is needed to pass it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.comparing import score_bounds
from fairlead.comparing.clusters import clustered
from fairlead.comparing.item_pairs import ItemPair, PairCounts

FEWEST: Final = 30
"""Fewest items of a slice that is shown."""
ALPHA: Final = 0.01
"""The probability that any slice is called worse when all are within the margin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFigures:
    """Figures of one tag."""

    tag: str
    counts: PairCounts
    worse: bool
    """Worse by more than the margin, by Holm's rule over all slices that are tested."""


def figures(pairs: Sequence[ItemPair], margin: float) -> tuple[SliceFigures, ...]:
    """Compute the figures of every tag with enough items, by name; one of few clusters is shown, and not tested."""
    found = {tag: clustered([one for one in pairs if tag in one.tags]) for tag in _tags(pairs)}
    shown = {tag: one for tag, one in found.items() if one.counts.n >= FEWEST}
    effective = {tag: one.effective(-margin) for tag, one in shown.items() if not one.few}
    chances = {tag: score_bounds.tail(score_bounds.statistic(one, -margin)) for tag, one in effective.items()}
    worse = _holm(chances)
    return tuple(SliceFigures(tag=tag, counts=one.counts, worse=tag in worse) for tag, one in shown.items())


def _tags(pairs: Iterable[ItemPair]) -> list[str]:
    return sorted({tag for one in pairs for tag in one.tags})


def _holm(chances: dict[str, float]) -> set[str]:
    """Select tags by Holm's rule, the least likely first, until one does not pass."""
    worse: set[str] = set()
    for left, (tag, chance) in zip(
        range(len(chances), 0, -1), sorted(chances.items(), key=lambda one: one[1]), strict=True
    ):
        if chance > ALPHA / left:
            break
        worse.add(tag)
    return worse

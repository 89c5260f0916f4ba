"""Slices of a set by tag: one that is worse may fail a candidate, and none is needed to pass it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.comparing import score_bounds
from fairlead.comparing.clusters import clustered
from fairlead.comparing.item_pairs import ItemPair, PairCounts

FEWEST: Final = 30
"""Items of a slice that is looked at."""
ALPHA: Final = 0.01
"""The chance that any slice of a candidate within the margin everywhere is called worse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFigures:
    """One tag."""

    tag: str
    counts: PairCounts
    worse: bool
    """Worse by more than the margin, by Holm's rule over all slices."""


def figures(pairs: Sequence[ItemPair], margin: float) -> tuple[SliceFigures, ...]:
    """Of every tag with enough items, by name."""
    found = {tag: clustered([one for one in pairs if tag in one.tags]) for tag in _tags(pairs)}
    effective = {tag: one.effective(-margin) for tag, one in found.items() if one.counts.n >= FEWEST}
    chances = {tag: score_bounds.tail(score_bounds.statistic(one, -margin)) for tag, one in effective.items()}
    worse = _holm(chances)
    return tuple(SliceFigures(tag=tag, counts=found[tag].counts, worse=tag in worse) for tag in effective)


def _tags(pairs: Iterable[ItemPair]) -> list[str]:
    return sorted({tag for one in pairs for tag in one.tags})


def _holm(chances: dict[str, float]) -> set[str]:
    """Those whose chances stand, the least likely first, until one does not."""
    worse: set[str] = set()
    for left, (tag, chance) in zip(
        range(len(chances), 0, -1), sorted(chances.items(), key=lambda one: one[1]), strict=True
    ):
        if chance > ALPHA / left:
            break
        worse.add(tag)
    return worse

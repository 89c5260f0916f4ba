"""Pairs of answers for tests."""

from collections.abc import Iterator
from dataclasses import replace

from fairlead.comparing.item_pairs import ItemPair, PairCounts, ScoredAnswer

RIGHT = ScoredAnswer(right=True, tokens=40)
WRONG = ScoredAnswer(right=False, tokens=40)
FAILED = ScoredAnswer(right=False, error="503 Service Unavailable")


def pairs(*, both: int = 0, gained: int = 0, lost: int = 0, neither: int = 0) -> list[ItemPair]:
    """This many of each, every item in a cluster of its own."""
    kinds = [(RIGHT, RIGHT)] * both + [(WRONG, RIGHT)] * gained + [(RIGHT, WRONG)] * lost + [(WRONG, WRONG)] * neither
    return [
        ItemPair(item=f"item-{place}", baseline=baseline, candidate=candidate)
        for place, (baseline, candidate) in enumerate(kinds)
    ]


def in_clusters(found: list[ItemPair], size: int) -> list[ItemPair]:
    """Group each `size` neighbours into one document."""
    return [replace(one, cluster=f"document-{place // size}") for place, one in enumerate(found)]


def counts(n: float, gained: float, lost: float, right: float = 0) -> PairCounts:
    """Counts that are already added up."""
    return PairCounts(n=n, gained=gained, lost=lost, baseline_right=right)


def tagged(found: list[ItemPair], tag: str) -> Iterator[ItemPair]:
    """The same pairs with a tag."""
    return (replace(one, tags=(tag,)) for one in found)

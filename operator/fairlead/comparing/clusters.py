"""Items that belong together: how many independent ones they are worth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.comparing.harm_stop import ClusterSum
from fairlead.comparing.item_pairs import ItemPair, PairCounts, counted

FEWEST: Final = 20
"""Clusters below which their own spread is not known well enough to say anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredCounts:
    """What was counted, and what it is worth."""

    counts: PairCounts
    clusters: tuple[ClusterSum, ...]

    @property
    def clustered(self) -> bool:
        """Whether any items belong together."""
        return len(self.clusters) < self.counts.n

    @property
    def design_effect(self) -> float:
        """How many times the variance of independent items; at least 1, so that clusters never help a candidate."""
        n, groups, difference = self.counts.n, len(self.clusters), self.counts.difference
        independent = (self.counts.discordance - difference**2) / n if n else 0.0
        if not self.clustered or groups < 2 or independent <= 0:
            return 1.0
        spread = sum((one.gain - difference * one.items) ** 2 for one in self.clusters)
        return max(1.0, spread * groups / (groups - 1) / n**2 / independent)

    @property
    def effective(self) -> PairCounts:
        """The same rates of as many independent items as these are worth."""
        return self.counts.divided(self.design_effect)


def clustered(pairs: Sequence[ItemPair]) -> ClusteredCounts:
    """Counted by item and by cluster; pairs without a baseline answer are left out."""
    return ClusteredCounts(counts=counted(pairs), clusters=tuple(_sums(pairs)))


def _sums(pairs: Iterable[ItemPair]) -> list[ClusterSum]:
    found: dict[str, ClusterSum] = {}
    for pair in pairs:
        if not pair.baseline.error:
            before = found.get(pair.unit, ClusterSum(0, 0))
            found[pair.unit] = ClusterSum(before.items + 1, before.gain + pair.gain)
    return list(found.values())

"""Clusters of dependent items: how many independent items they are worth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.comparing import score_bounds
from fairlead.comparing.harm_stop import ClusterSum
from fairlead.comparing.item_pairs import ItemPair, PairCounts, counted

FEWEST: Final = 20
"""With fewer clusters their variance is too uncertain for a verdict."""


_Z: Final = score_bounds.quantile(score_bounds.LEVEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredCounts:
    """Counts, and the clusters that decide their weight."""

    counts: PairCounts
    clusters: tuple[ClusterSum, ...]

    @property
    def clustered(self) -> bool:
        """Whether any items share a cluster."""
        return len(self.clusters) < self.counts.n

    @property
    def few(self) -> bool:
        """Whether there are too few clusters for a verdict; independent items are never too few."""
        return self.clustered and len(self.clusters) < FEWEST

    def design_effect(self, difference: float, z: float = _Z) -> float:
        """The variance relative to independent items, at this true difference or at the observed one.

        The larger of both counts, and never less than 1, so that clusters never help a candidate. The variance of few
        clusters is uncertain: Student's distribution replaces the normal one, at its quantile `z`.
        """
        groups = len(self.clusters)
        if not self.clustered or groups < 2:
            return 1.0
        worst = max(self._spread(self.counts.difference) * groups / (groups - 1), self._spread(difference))
        return max(1.0, worst * (1 + (z * z + 1) / (4 * (groups - 1))) ** 2)

    def effective(self, difference: float, z: float = _Z) -> PairCounts:
        """The same rates over as many independent items as these are worth."""
        return self.counts.divided(self.design_effect(difference, z))

    def _spread(self, difference: float) -> float:
        """Variance by clusters over variance by items."""
        independent = (self.counts.discordance - difference**2) * self.counts.n
        between = sum((one.gain - difference * one.items) ** 2 for one in self.clusters)
        return between / independent if independent > 0 else 1.0


def clustered(pairs: Sequence[ItemPair]) -> ClusteredCounts:
    """Count by item and by cluster; pairs without a baseline answer are left out."""
    return ClusteredCounts(counts=counted(pairs), clusters=tuple(_sums(pairs)))


def _sums(pairs: Iterable[ItemPair]) -> list[ClusterSum]:
    found: dict[str, ClusterSum] = {}
    for pair in pairs:
        if not pair.baseline.error:
            before = found.get(pair.unit, ClusterSum(0, 0))
            found[pair.unit] = ClusterSum(before.items + 1, before.gain + pair.gain)
    return list(found.values())

"""The cheapest course of a fleet through blocks of demand: whole replicas, each paid for while it starts.

A course is any number of replicas at any moment. It costs its replicas' seconds, and a cold start for each replica that
it adds; it must leave at most a given number of requests unserved. That limit becomes part of the cost by a price for
each request left: the cheapest course at any such price, minus the price of all that may be left, is a lower bound; the
price with the highest bound is searched for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import Final

from fairlead.backtest.block_demand import DemandBlock

NARROWINGS: Final = 12
GOLDEN: Final = (sqrt(5) - 1) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLimits:
    """Limits of every course."""

    ranks: int
    """Engines of one replica."""
    cold_s: float
    """Time that a replica is paid for before it serves."""
    least: int
    """Fewest replicas at any time."""
    may_miss: float
    """Requests."""


@dataclass(frozen=True, slots=True)
class _Level:
    """One block's replica seconds, and what is left over, by whole numbers of replicas."""

    block: DemandBlock
    missed: tuple[float, ...]
    """For the least number of replicas throughout, and for each higher number; infinity if these are too few."""

    def cost_of_missed(self, place: int, price: float) -> float:
        """Return the price of what is left over."""
        missed = self.missed[place]
        return inf if missed == inf else price * missed


class ReplicaCourse:
    """All courses through the same blocks."""

    def __init__(self, blocks: Sequence[DemandBlock], limits: CourseLimits) -> None:
        self._limits = limits
        needed = max((one.total / limits.ranks / one.seconds for one in blocks if one.seconds > 0), default=0.0)
        self._most = max(ceil(needed), limits.least)
        self._levels = [
            _Level(one, tuple(one.missed(count * one.seconds * limits.ranks) for count in self._counts))
            for one in blocks
            if one.seconds > 0
        ]

    @property
    def _counts(self) -> range:
        return range(self._limits.least, self._most + 1)

    def least_seconds(self) -> float:
        """Return replica seconds that no course undercuts if it leaves as few requests as it must."""
        best, price = self.at_price(0.0), self._first_price()
        higher = self.at_price(price)
        while higher > best:
            best, price, higher = higher, 2 * price, self.at_price(2 * price)
        return max(best, self._narrowed(price / 4, price))

    def _first_price(self) -> float:
        """Return the average cost of a request that may be missed."""
        total = sum(one.block.sums[-1] for one in self._levels)
        number = sum(len(one.block.works) for one in self._levels)
        return total / number / self._limits.ranks if number else 1.0

    def _narrowed(self, low: float, high: float) -> float:
        """Return the highest bound between two prices: it rises up to one price and falls after it."""
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        at_left, at_right = self.at_price(left), self.at_price(right)
        best = max(at_left, at_right)
        for _ in range(NARROWINGS):
            if at_left > at_right:
                high, right, at_right = right, left, at_left
                left = high - GOLDEN * (high - low)
                at_left = self.at_price(left)
            else:
                low, left, at_left = left, right, at_right
                right = low + GOLDEN * (high - low)
                at_right = self.at_price(right)
            best = max(best, at_left, at_right)
        return best

    def at_price(self, price: float) -> float:
        """Return the bound at this price, in replica seconds for each request left."""
        costs = [0.0] * len(self._counts)
        for one in self._levels:
            costs = self._through(costs, one, price)
        return min(costs) - price * self._limits.may_miss

    def _through(self, costs: Sequence[float], level: _Level, price: float) -> list[float]:
        """Advance the cheapest costs, by number of replicas, from a block's beginning to its end.

        Within a block a course stays on one number, or changes between two neighbours: that gives every sum of replica
        seconds, with no more starts than needed.
        """
        limits, block = self._limits, level.block
        moved = _moved(costs, limits.cold_s)
        found = [
            cost + count * block.seconds + level.cost_of_missed(place, price)
            for place, (count, cost) in enumerate(zip(self._counts, moved, strict=True))
        ]
        served, left = block.worth_serving(price * limits.ranks)
        best = served / limits.ranks
        place = int(best / block.seconds) - limits.least
        if 0 <= place < len(found) - 1 and best > (place + limits.least) * block.seconds:
            between = best + price * left
            found[place] = min(found[place], moved[place + 1] + between)
            found[place + 1] = min(found[place + 1], moved[place] + limits.cold_s + between)
        return found


def _moved(costs: Sequence[float], cold_s: float) -> list[float]:
    """Return the cheapest costs after any change at one moment: each added replica is a cold start."""
    found = list(costs)
    for place in range(1, len(found)):
        found[place] = min(found[place], found[place - 1] + cold_s)
    for place in range(len(found) - 2, -1, -1):
        found[place] = min(found[place], found[place + 1])
    return found

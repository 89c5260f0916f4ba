"""How many items a margin needs: the exact power of the gate's test, by the binomial distribution."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil, exp, sqrt
from typing import Final

from fairlead.comparing import binomial, score_bounds
from fairlead.comparing.item_pairs import PairCounts

POWER: Final = 0.8
MAX_ITEMS: Final = 100_000
"""More than any set has."""
_NEGLIGIBLE: Final = 1e-12
_SPREAD: Final = 7.0
"""Standard deviations of the number of discordant pairs in the sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemPlan:
    """What should be shown, and what is assumed; shares, not points."""

    margin: float
    discordance: float
    """Expected share of items that only one side has right."""
    difference: float = 0.0
    """How much better the candidate truly is; below 0: how much worse."""
    power: float = POWER
    """The probability of passing such a candidate."""
    design_effect: float = 1.0
    """How many items are worth one independent item: above 1 in clusters, below 1 with several samples of each."""


def power(plan: ItemPlan, items: int) -> float:
    """The probability that a set of this size passes a candidate as assumed."""
    n = max(1, int(items / plan.design_effect))
    discordance = max(plan.discordance, abs(plan.difference))
    gains = (discordance + plan.difference) / 2 / discordance if discordance else 0.5
    level = score_bounds.quantile(score_bounds.LEVEL)
    return sum(
        chance * binomial.at_least(_gains_to_pass(n, flips, plan.margin, level), flips, gains)
        for flips, chance in _likely(n, discordance)
    )


def items_needed(plan: ItemPlan) -> int | None:
    """The fewest items for the power; None if a candidate this bad cannot pass, or too many are needed."""
    if plan.difference <= -plan.margin:
        return None
    high = _first_guess(plan)
    while high <= MAX_ITEMS and power(plan, high) < plan.power:
        high *= 2
    if high > MAX_ITEMS:
        return None
    low = 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(plan, middle) >= plan.power else (middle, high)
    return high


def drop_excluded(plan: ItemPlan, items: int) -> float:
    """The smallest margin that a set of this size can show."""
    low, high = max(0.0, -plan.difference), 1.0
    for _ in range(14):
        middle = (low + high) / 2
        enough = power(replace(plan, margin=middle), items) >= plan.power
        low, high = (low, middle) if enough else (middle, high)
    return high


def _first_guess(plan: ItemPlan) -> int:
    """From the normal approximation, rounded up generously."""
    z = score_bounds.quantile(score_bounds.LEVEL) + score_bounds.quantile(plan.power)
    spread = max(plan.discordance, plan.margin / 2)
    return ceil(1.2 * plan.design_effect * z * z * spread / (plan.margin + plan.difference) ** 2) + 1


def _likely(n: int, share: float) -> Iterator[tuple[int, float]]:
    """Yield numbers of discordant pairs with their probabilities, without the negligible ones."""
    away = _SPREAD * sqrt(n * share * (1 - share)) + _SPREAD
    for flips in range(max(0, int(n * share - away)), min(n, ceil(n * share + away)) + 1):
        chance = exp(binomial.log_chance(flips, n, share))
        if chance > _NEGLIGIBLE:
            yield flips, chance


def _gains_to_pass(n: int, flips: int, margin: float, level: float) -> int:
    """The fewest gains among these flips that pass; one more than the flips if no number does."""
    low, high = -1, flips + 1
    while high - low > 1:
        middle = (low + high) // 2
        counts = PairCounts(n=n, gained=middle, lost=flips - middle, baseline_right=0)
        low, high = (low, middle) if score_bounds.statistic(counts, -margin) > level else (middle, high)
    return high

"""A/A comparison: how often the baseline differs from itself, and whether a set is then large enough for its margin."""

from dataclasses import dataclass, replace
from typing import Final

from fairlead.comparing import sample_size
from fairlead.comparing.item_pairs import PairCounts
from fairlead.comparing.sample_size import ItemPlan

ITEMS: Final = 100
"""Items that the baseline answers twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRefusal:
    """A set that cannot show what it should."""

    needed: int | None
    message: str


def refusal(items: int, plan: ItemPlan, counts: PairCounts | None = None, samples: int = 1) -> SetRefusal | None:
    """Before a run: why it would end undecided, and the items it needs, by the larger of both discordances.

    Further samples of an item average its noise only: what two models answer differently, they do in all of them.
    """
    seen = counts.discordance if counts is not None else 0.0
    discordance = max(plan.discordance, seen)
    by_noise = seen / discordance if discordance else 0.0
    effect = plan.design_effect * (by_noise / samples + 1 - by_noise)
    wanted = replace(plan, discordance=discordance, design_effect=effect)
    if sample_size.power(wanted, items) >= wanted.power:
        return None
    needed = sample_size.items_needed(wanted)
    drop = sample_size.drop_excluded(wanted, items)
    flips = f"{wanted.discordance:.1%} of the answers differing"
    more = "no number of items" if needed is None else f"{needed:,} items"
    message = (
        f"{items:,} items can exclude a drop of {100 * drop:.1f} points with {flips}, not {100 * plan.margin:g}; "
        f"that needs {more}; add items, widen the margin, or send fewer requests at a time"
    )
    return SetRefusal(needed=needed, message=message)

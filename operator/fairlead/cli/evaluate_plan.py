"""`fairlead evaluate plan`: how many items a margin needs, and what a number of items can show."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fairlead.cli.text_table import aligned
from fairlead.comparing import sample_size
from fairlead.comparing.sample_size import ItemPlan

_BESIDE: Final = (0.02, 0.05, 0.10, 0.15)
"""Shares of differing answers: 8-bit weights, in between, 4-bit weights or a noisy engine, more."""
_TOO_FEW: Final = 3


def run(plan: ItemPlan, chosen: argparse.Namespace) -> int:
    """Return 0, or 3 if `--items` is too small."""
    needed = sample_size.items_needed(plan)
    given = chosen.items
    power = None if given is None else sample_size.power(plan, given)
    if chosen.output == "json":
        print(json.dumps(_document(plan, needed, given), indent=1))
    else:
        print("\n".join(_lines(plan, needed, given)))
    return _TOO_FEW if power is not None and power < plan.power else 0


def _document(plan: ItemPlan, needed: int | None, given: int | None) -> dict[str, float | int | None]:
    return {
        "margin": plan.margin,
        "discordance": plan.discordance,
        "difference": plan.difference,
        "power": plan.power,
        "needed": needed,
        "items": given,
        "powerOfItems": None if given is None else sample_size.power(plan, given),
        "dropExcludedByItems": None if given is None else sample_size.drop_excluded(plan, given),
    }


def _lines(plan: ItemPlan, needed: int | None, given: int | None) -> Iterator[str]:
    truth = "as good" if plan.difference == 0 else f"{100 * plan.difference:+g} points off"
    shown = "no number of items" if needed is None else f"{needed:,} items"
    yield (
        f"{shown} pass a candidate that is truly {truth} with a chance of {plan.power:.0%}, at a margin of "
        f"{100 * plan.margin:g} points and {plan.discordance:.1%} of the answers differing"
    )
    if given is not None:
        yield (
            f"{given:,} items pass it with a chance of {sample_size.power(plan, given):.0%}, and can exclude a drop of "
            f"{100 * sample_size.drop_excluded(plan, given):.1f} points"
        )
    yield ""
    yield from aligned(_table(plan), left=1)
    yield ""
    yield "differing: about 2% for weights in eight bits, 10% in four; measure your own with a run's line `noise`"


def _table(plan: ItemPlan) -> Iterator[tuple[str, ...]]:
    """Only the share of differing answers matters, not how often the model is right."""
    margins = tuple(one for one in (plan.margin / 2, plan.margin, 2 * plan.margin) if one <= 1.0)
    yield "differing", *(f"{100 * one:g} points" for one in margins)
    for discordance in _BESIDE:
        found = (_needed(replace(plan, margin=margin, discordance=discordance)) for margin in margins)
        yield f"{discordance:.0%}", *("-" if one is None else f"{one:,}" for one in found)


def _needed(plan: ItemPlan) -> int | None:
    """None also if so few answers differ that the candidate cannot be that much worse or better."""
    return None if plan.discordance < abs(plan.difference) else sample_size.items_needed(plan)

"""Formats the share of requests that met their objectives: a share below the goal is not rounded up to it."""

from typing import Final

from fairlead.backtest.play import KEPT_GOAL
from fairlead.cli import text_table

PLACES: Final = range(1, 7)


def kept(share: float) -> str:
    """Format with one decimal, or as many as show on which side of the goal it lies."""
    keeps = share >= KEPT_GOAL
    return f"{text_table.beside_bound(share * 100, PLACES, lambda percent: (percent / 100 >= KEPT_GOAL) == keeps)}%"

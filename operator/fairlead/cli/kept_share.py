"""Formats the share of requests that were kept: a share below the goal is not rounded up to it."""

from typing import Final

from fairlead.backtest.play import KEPT_GOAL

MAX_PLACES: Final = 6


def kept(share: float) -> str:
    """Format with one decimal, or as many as show on which side of the goal it lies."""
    rounded = (f"{share:.{places}%}" for places in range(1, MAX_PLACES))
    keeps = share >= KEPT_GOAL
    sided = (one for one in rounded if (float(one.removesuffix("%")) / 100 >= KEPT_GOAL) == keeps)
    return next(sided, f"{share:.{MAX_PLACES}%}")

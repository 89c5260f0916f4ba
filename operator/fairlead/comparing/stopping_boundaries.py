"""Boundaries of planned analyses of a data stream, so that all together err as one would.

Alpha is spent as by O'Brien and Fleming, with Lan and DeMets' function.
"""

from collections.abc import Sequence
from functools import cache
from math import exp, pi, sqrt
from statistics import NormalDist
from typing import Final

ANALYSES: Final = 5
Course = tuple[float, float]
"""A sum of independent steps that no analysis has decided yet, and its probability."""
_NORMAL: Final = NormalDist()
_CELLS: Final = 400
_LOWEST: Final = -8.0
"""Standard deviations below which no course goes."""
_HALVINGS: Final = 50


def spent(alpha: float, fraction: float) -> float:
    """How much of alpha is spent when this fraction of the data has arrived."""
    return 2 * (1 - _NORMAL.cdf(_NORMAL.inv_cdf(1 - alpha / 2) / sqrt(fraction))) if fraction > 0 else 0.0


@cache
def boundaries(alpha: float, analyses: int = ANALYSES) -> tuple[float, ...]:
    """The statistic above which each of equally spaced analyses decides; one-sided."""
    found: list[float] = []
    courses: Sequence[Course] = [(0.0, 1.0)]
    for number in range(1, analyses + 1):
        due = spent(alpha, number / analyses) - spent(alpha, (number - 1) / analyses)
        found.append(_boundary(courses, due, sqrt(number)))
        courses = _undecided(courses, _LOWEST * sqrt(number), found[-1] * sqrt(number))
    return tuple(found)


def _boundary(courses: Sequence[Course], due: float, scale: float) -> float:
    """The boundary, in standard deviations, above which `due` of the next step's density lies."""
    low, high = 0.0, 10.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        beyond = sum(chance * (1 - _NORMAL.cdf(middle * scale - total)) for total, chance in courses)
        low, high = (middle, high) if beyond > due else (low, middle)
    return high


def _undecided(courses: Sequence[Course], low: float, high: float) -> list[Course]:
    """The distribution of undecided courses after one more step, in cells below the boundary."""
    width = (high - low) / _CELLS
    cells = [low + (place + 0.5) * width for place in range(_CELLS)]
    return [(cell, _density(courses, cell) * width) for cell in cells]


def _density(courses: Sequence[Course], at: float) -> float:
    return sum(chance * exp(-((at - total) ** 2) / 2) for total, chance in courses) / sqrt(2 * pi)

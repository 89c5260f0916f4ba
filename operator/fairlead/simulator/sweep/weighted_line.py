"""A line through measured seconds, by least squares of the relative error: short steps count as much as long ones."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MeasuredSeconds:
    """Measured seconds and what they depend on."""

    place: float
    seconds: float
    step_s: float
    """The whole step that they are part of: errors are relative to it."""


@dataclass(frozen=True, slots=True)
class WeightedLine:
    """A line through the middle of all measurements."""

    middle: float
    height: float
    slope: float | None
    """None if all were measured at one place."""


def through(points: Sequence[MeasuredSeconds]) -> WeightedLine:
    """Fit a line to one point or more."""
    weights = [one.step_s**-2 for one in points]
    total = sum(weights)
    middle = sum(weight * one.place for weight, one in zip(weights, points, strict=True)) / total
    height = sum(weight * one.seconds for weight, one in zip(weights, points, strict=True)) / total
    spread = sum(weight * (one.place - middle) ** 2 for weight, one in zip(weights, points, strict=True))
    if not spread:
        return WeightedLine(middle, height, None)
    both = sum(
        weight * (one.place - middle) * (one.seconds - height) for weight, one in zip(weights, points, strict=True)
    )
    return WeightedLine(middle, height, both / spread)

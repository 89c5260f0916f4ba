"""Chance as an argument: what a room may ask of `random.Random`, which the shell makes with a recorded seed."""

from typing import Protocol


class RandomSource(Protocol):
    """The draws that are used; `random.Random` has them all."""

    def random(self) -> float:
        """Evenly in [0, 1)."""

    def expovariate(self, lambd: float, /) -> float:
        """Gaps of a Poisson process of this rate."""

    def gammavariate(self, alpha: float, beta: float, /) -> float:
        """By shape and scale."""

    def weibullvariate(self, alpha: float, beta: float, /) -> float:
        """By scale and shape."""

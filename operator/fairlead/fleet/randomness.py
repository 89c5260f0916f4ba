"""Randomness as an argument: the methods of `random.Random` that packages use; the shell creates one with a recorded
seed."""

from typing import Protocol


class RandomSource(Protocol):
    """The methods in use; `random.Random` has them all."""

    def random(self) -> float:
        """Return a uniform number in [0, 1)."""

    def expovariate(self, lambd: float, /) -> float:
        """Return a gap of a Poisson process of this rate."""

    def gammavariate(self, alpha: float, beta: float, /) -> float:
        """Return a gamma variate, by shape and scale."""

    def weibullvariate(self, alpha: float, beta: float, /) -> float:
        """Return a Weibull variate, by scale and shape."""

"""Randomness as an argument: the methods of `random.Random` that a room may use; the shell makes one with a recorded
seed."""

from typing import Protocol


class RandomSource(Protocol):
    """The methods in use; `random.Random` has them all."""

    def random(self) -> float:
        """Uniform in [0, 1)."""

    def expovariate(self, lambd: float, /) -> float:
        """Gaps of a Poisson process of this rate."""

    def gammavariate(self, alpha: float, beta: float, /) -> float:
        """A gamma variate, by shape and scale."""

    def weibullvariate(self, alpha: float, beta: float, /) -> float:
        """A Weibull variate, by scale and shape."""

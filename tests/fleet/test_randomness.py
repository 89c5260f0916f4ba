"""The interface of randomness: what the standard library draws with a recorded seed."""

import random

from fairlead.fleet.randomness import RandomSource


def draws(randomness: RandomSource) -> list[float]:
    """One draw of each kind."""
    return [
        randomness.random(),
        randomness.expovariate(2.0),
        randomness.gammavariate(0.5, 1.0),
        randomness.weibullvariate(1.0, 0.7),
    ]


def test_a_seed_brings_the_same_draws_back() -> None:
    first, again, other = (draws(random.Random(seed)) for seed in (7, 7, 8))  # noqa: S311  # no secret
    assert first == again
    assert first != other

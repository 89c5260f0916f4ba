"""The interface of randomness: what the standard library draws with a recorded seed."""

import random

from fairlead.fleet.randomness import RandomSource


def draws(chance: RandomSource) -> list[float]:
    """One draw of each kind."""
    return [
        chance.random(),
        chance.expovariate(2.0),
        chance.gammavariate(0.5, 1.0),
        chance.weibullvariate(1.0, 0.7),
    ]


def test_a_seed_brings_the_same_draws_back() -> None:
    first, again, other = (draws(random.Random(seed)) for seed in (7, 7, 8))  # noqa: S311  # no secret
    assert first == again
    assert first != other

"""Traffic as monitoring recorded it: a rate and mean lengths for each time step, from which requests are drawn.

What a mean hides is assumed: arrivals within a step are independent, and lengths log-normal with a standard deviation
equal to their mean.
"""

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Final, NamedTuple

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic import gaps
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.rate_profiles import RateSlice

_SPREAD: Final = math.sqrt(math.log(2.0))
"""Standard deviation of the logarithm if standard deviation equals mean."""
_NORMAL: Final = NormalDist()
_MIN_CHANCE: Final = 1e-12


class HistoryStep(NamedTuple):
    """The traffic of one step."""

    rate: float
    """Requests a second."""
    prompt_tokens: float
    """Mean of the step's requests, as is the next."""
    output_tokens: float


def arrivals(steps: Sequence[HistoryStep], seconds: float, randomness: RandomSource) -> Iterator[RequestArrival]:
    """Yield the requests of steps of this many seconds each."""
    profile = (RateSlice(seconds, one.rate) for one in steps)
    for moment in gaps.arrivals_along(profile, gaps.poisson(randomness)):
        one = steps[min(int(moment / seconds), len(steps) - 1)]
        yield RequestArrival(
            time=moment,
            prompt_tokens=_drawn(one.prompt_tokens, randomness),
            output_tokens=_drawn(one.output_tokens, randomness),
        )


def _drawn(mean: float, randomness: RandomSource) -> int:
    normal = _NORMAL.inv_cdf(max(randomness.random(), _MIN_CHANCE))
    return max(round(mean * math.exp(_SPREAD * normal - _SPREAD**2 / 2)), 1)

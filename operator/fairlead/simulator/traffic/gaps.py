"""Gaps between arrivals with a mean of one: Poisson, or bursts with a given coefficient of variation.

Gaps only set the irregularity; the rate comes from the profile along which they are laid, single requests included.
"""

import math
from collections.abc import Iterator
from itertools import accumulate
from typing import Final

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.lengths import LengthSource
from fairlead.simulator.traffic.rate_profiles import RateSlice

_HALVINGS: Final = 60
_MIN_SHAPE, _MAX_SHAPE = 0.05, 50.0
"""Range of the search for Weibull shapes: variations from 0.03 to far above a thousand."""


def poisson(randomness: RandomSource) -> Iterator[float]:
    """Exponential gaps: arrivals are independent."""
    while True:
        yield randomness.expovariate(1.0)


def gamma(randomness: RandomSource, variation: float) -> Iterator[float]:
    """Gamma-distributed gaps, in bursts; a variation of 1 is Poisson."""
    shape = 1 / variation**2
    while True:
        yield randomness.gammavariate(shape, 1 / shape)


def weibull(randomness: RandomSource, variation: float) -> Iterator[float]:
    """Weibull-distributed gaps: bursts with a longer tail between them."""
    shape = weibull_shape(variation)
    scale = 1 / math.gamma(1 + 1 / shape)
    while True:
        yield randomness.weibullvariate(scale, shape)


def weibull_shape(variation: float) -> float:
    """Find the Weibull shape with this coefficient of variation, by bisection, since there is no closed form."""
    low, high = _MIN_SHAPE, _MAX_SHAPE
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        first = math.lgamma(1 + 1 / middle)
        second = math.lgamma(1 + 2 / middle)
        low, high = (middle, high) if math.expm1(min(second - 2 * first, 700.0)) > variation**2 else (low, middle)
    return (low + high) / 2


def arrivals_along(profile: Iterator[RateSlice], gaps: Iterator[float]) -> Iterator[float]:
    """Yield arrival times: a gap of 1 ends when the profile's rate sums to one request. Exact for constant slices."""
    began, due = 0.0, next(gaps)
    for seconds, rate in profile:
        passed = 0.0
        while rate > 0 and due <= (seconds - passed) * rate:
            passed += due / rate
            yield began + passed
            due = next(gaps)
        due -= (seconds - passed) * rate
        began += seconds


def arrivals_within(seconds: float, drawn: list[float]) -> list[float]:
    """Return a window's arrival times from one more gap than requests, scaled so that their number is exact."""
    whole = sum(drawn)
    if whole <= 0:
        return [seconds * (place + 0.5) / (len(drawn) - 1) for place in range(len(drawn) - 1)]
    stretch, moments = seconds / whole, accumulate(drawn[:-1])
    # If all gaps are as short as floats can be, none holds the stretch, but their parts of the whole are known.
    stretched = math.isfinite(stretch)
    return [min(moment * stretch if stretched else seconds * (moment / whole), seconds) for moment in moments]


def requests(
    profile: Iterator[RateSlice], gaps: Iterator[float], sizes: LengthSource, client: str | None = None
) -> Iterator[RequestArrival]:
    """Requests whose prompts share no prefix."""
    for moment in arrivals_along(profile, gaps):
        prompt, output = sizes()
        yield RequestArrival(time=moment, prompt_tokens=prompt, output_tokens=output, client=client)

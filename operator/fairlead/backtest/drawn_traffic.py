"""Traffic drawn from its description: rate, burst and percentiles in, requests with their times out.

Part of the time has the busiest minute's rate, the rest what is left for the mean; within each, requests arrive
independently. Lengths are log-normal through the median, the 95th and the 99th percentile.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from fairlead.backtest.play import PlayedTraffic
from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.traffic import Traffic
from fairlead.simulator.traffic import gaps, lengths
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.traffic.rate_profiles import RateSlice

REQUESTS: Final = 6000.0
"""Enough to tell something about one in twenty of them."""
MIN_SECONDS: Final = 900.0
"""Unless that is more requests than are played; but never less than the next."""
SHORTEST_SECONDS: Final = 300.0
MAX_SECONDS: Final = 7200.0
MAX_REQUESTS: Final = 60_000.0
"""Of one draw; a fleet plays them in some ten seconds."""
MAX_RATE: Final = MAX_REQUESTS / SHORTEST_SECONDS
"""Requests a second, retries included; more cannot be drawn for long enough."""
MIN_REQUESTS: Final = 20.0
"""Drawn on average: of fewer, a single late one is more than one in twenty."""
WAVES: Final = 3
"""Busy times within the traffic; fewer if it is shortened, so that none is."""
ROUNDING: Final = 1e-6
BUSY_REQUESTS: Final = 0.4
"""Share of the requests that arrive in busy times."""


class Undrawable(StrEnum):
    """Why traffic is not drawn."""

    TOO_FEW = "TooFew"
    """Requests, to tell anything."""
    TOO_MANY = "TooMany"
    """Requests a second, to be drawn for long enough."""


def undrawable(traffic: Traffic) -> Undrawable | None:
    """Return why it is not drawn; None if it can be."""
    rate = rate_of(traffic)
    if rate * MAX_SECONDS < MIN_REQUESTS:
        return Undrawable.TOO_FEW
    return Undrawable.TOO_MANY if rate > MAX_RATE else None


def drawn(traffic: Traffic, context: int, randomness: RandomSource) -> PlayedTraffic:
    """Draw traffic of at most `MAX_RATE`, each request within the context. The same random source draws the same."""
    rate = rate_of(traffic)
    seconds = min(max(REQUESTS / rate, MIN_SECONDS), MAX_SECONDS, MAX_REQUESTS / rate)
    sizes = lengths.by_percentiles(traffic.prompt, traffic.output, context, randomness)
    found = list(gaps.requests(_waves(rate, traffic.burst, seconds), gaps.poisson(randomness), sizes))

    def arrivals(block_tokens: int) -> Iterator[RequestArrival]:
        for one in found:
            shared = int(one.prompt_tokens * traffic.cacheable) // block_tokens
            yield RequestArrival(
                time=one.time,
                prompt_tokens=one.prompt_tokens,
                output_tokens=one.output_tokens,
                prefix=tuple(range(shared)),
            )

    return PlayedTraffic(arrivals=arrivals, seconds=seconds)


def rate_of(traffic: Traffic) -> float:
    """Return requests a second on average, retries included."""
    return traffic.requests_per_second * (1 + traffic.retries)


def _waves(rate: float, burst: float, seconds: float) -> Iterator[RateSlice]:
    """Yield calm, busy, calm, and again."""
    if burst <= 1:
        yield RateSlice(seconds, rate)
        return
    busy = BUSY_REQUESTS / burst
    calm_rate = rate * (1 - BUSY_REQUESTS) / (1 - busy)
    waves = min(int(seconds / MIN_SECONDS * WAVES + ROUNDING), WAVES)
    wave = seconds / waves
    for _ in range(waves):
        yield RateSlice(wave * (1 - busy) / 2, calm_rate)
        yield RateSlice(wave * busy, rate * burst)
        yield RateSlice(wave * (1 - busy) / 2, calm_rate)

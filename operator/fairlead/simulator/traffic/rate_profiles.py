"""How the request rate changes over time, as slices of constant rate for generating arrivals."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

DAY_S: Final = 86_400.0
SLICE_S: Final = 60.0
"""A smooth curve is divided into slices of a minute, each with the rate of its middle."""


class RateSlice(NamedTuple):
    """Some seconds at a constant rate."""

    seconds: float
    rate: float
    """Requests or sessions a second."""


def steady(rate: float, seconds: float) -> Iterator[RateSlice]:
    """A constant rate."""
    yield RateSlice(seconds, rate)


def step(before: float, after: float, at: float, seconds: float) -> Iterator[RateSlice]:
    """One rate until a time, another one from then on."""
    yield RateSlice(at, before)
    yield RateSlice(seconds - at, after)


def flash_crowd(usual: float, peak: float, at: float, lasting: float, seconds: float) -> Iterator[RateSlice]:
    """A peak that comes at once and falls linearly to the usual rate."""
    yield RateSlice(at, usual)
    parts = max(math.ceil(lasting / SLICE_S), 1)
    for part in range(parts):
        yield RateSlice(lasting / parts, peak - (peak - usual) * part / parts)
    yield RateSlice(seconds - at - lasting, usual)


def diurnal(mean: float, swing: float, seconds: float, busiest: float = DAY_S * 14 / 24) -> Iterator[RateSlice]:
    """A daily cosine around the mean, with an amplitude of `swing` times the mean and its peak at `busiest`."""
    place = 0.0
    while place < seconds:
        length = min(SLICE_S, seconds - place)
        phase = 2 * math.pi * (place + length / 2 - busiest) / DAY_S
        yield RateSlice(length, mean * (1 + swing * math.cos(phase)))
        place += length

"""How the rate of requests changes over time, as slices of even rate: what arrivals are laid out along."""

import math
from collections.abc import Iterator
from typing import Final, NamedTuple

DAY_S: Final = 86_400.0
SLICE_S: Final = 60.0
"""A smooth curve is cut into slices of a minute, each at the rate of its middle."""


class RateSlice(NamedTuple):
    """Some seconds at one rate."""

    seconds: float
    rate: float
    """Requests, or sessions, a second."""


def steady(rate: float, seconds: float) -> Iterator[RateSlice]:
    """Always the same."""
    yield RateSlice(seconds, rate)


def step(before: float, after: float, at: float, seconds: float) -> Iterator[RateSlice]:
    """One rate until a moment, another from then on."""
    yield RateSlice(at, before)
    yield RateSlice(seconds - at, after)


def flash_crowd(usual: float, peak: float, at: float, lasting: float, seconds: float) -> Iterator[RateSlice]:
    """A crowd that comes at once and thins out evenly until it is gone."""
    yield RateSlice(at, usual)
    parts = max(math.ceil(lasting / SLICE_S), 1)
    for part in range(parts):
        yield RateSlice(lasting / parts, peak - (peak - usual) * part / parts)
    yield RateSlice(seconds - at - lasting, usual)


def diurnal(mean: float, swing: float, seconds: float, busiest: float = DAY_S * 14 / 24) -> Iterator[RateSlice]:
    """A day's wave around the mean, up and down by this share of it, with its crest at a time of day."""
    place = 0.0
    while place < seconds:
        length = min(SLICE_S, seconds - place)
        phase = 2 * math.pi * (place + length / 2 - busiest) / DAY_S
        yield RateSlice(length, mean * (1 + swing * math.cos(phase)))
        place += length

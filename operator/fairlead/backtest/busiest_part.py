"""The busiest part of some traffic: the shortest one with a wanted number of requests."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from fairlead.backtest.play import PlayedTraffic
from fairlead.simulator.traffic.arrivals import RequestArrival

BLOCK_TOKENS: Final = 16
"""Any size of blocks gives the same times."""


class DensestWindow(NamedTuple):
    """A run of moments."""

    first: int
    """The place of its first moment among all."""
    until: int
    """That after its last one."""
    since: float
    """The time of its first moment."""
    last: float


class BusiestPart(NamedTuple):
    """A part of some traffic, from 0 seconds on."""

    traffic: PlayedTraffic
    since: float
    """Where it begins in the whole."""


def of(whole: PlayedTraffic, most: int) -> BusiestPart | None:
    """Return the shortest part with `most` requests; None if there are no more, or if all arrive at once."""
    found = densest(((one.time, 1) for one in whole.arrivals(BLOCK_TOKENS)), most)
    if found is None or whole.at_once:
        return None
    _, _, since, last = found

    def arrivals(block_tokens: int) -> Iterator[RequestArrival]:
        for one in whole.arrivals(block_tokens):
            if since <= one.time <= last:
                yield replace(one, time=one.time - since)

    began = None if whole.began is None else whole.began + since
    return BusiestPart(PlayedTraffic(arrivals=arrivals, seconds=last - since, began=began), since)


def densest(moments: Iterable[tuple[float, int]], wanted: int) -> DensestWindow | None:
    """Return the shortest run of times with the wanted requests, of equal ones the one with most.

    None if that is all of them, or if they have too few requests.
    """
    best: DensestWindow | None = None
    shortest, held, requests, place = (inf, 0), deque[tuple[int, float, int]](), 0, 0
    for place, (time, count) in enumerate(moments, start=1):
        held.append((place - 1, time, count))
        requests += count
        while requests - held[0][2] >= wanted:
            requests -= held.popleft()[2]
        first, since, _ = held[0]
        length = (time - since, -requests)
        if requests >= wanted and length < shortest:
            best, shortest = DensestWindow(first, place, since, time), length
    return None if best is None or best.until - best.first == place else best

"""How often an autoscaler reversed: more after fewer, or fewer after more, without cause.

A minute is a burst if it brings more than one and a half times the mean of the ten before, and more than three standard
deviations of Poisson arrivals above it. What happens in a burst and in the twenty minutes after it (up, then down once
the window of five minutes and a cold start are over) is an answer to it and is not counted.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

MINUTE_S: Final = 60.0
BEFORE: Final = 10
OVER: Final = 1.5
SIGMAS: Final = 3.0
CALM_S: Final = 1200.0
SPAN_S: Final = 600.0


def max_reversals(answers: Sequence[tuple[float, int]], arrivals: Sequence[float], since: float, until: float) -> int:
    """The most changes in any ten minutes outside bursts that take back the change before, within the same ten minutes.

    A fleet that grew in the morning and shrinks at night reverses once a day, and that is not swinging.
    """
    bursts = _bursts(arrivals, until)
    moves = [
        (at, after > before)
        for (_, before), (at, after) in pairwise(answers)
        if since <= at < until and not _after_burst(at, bursts)
    ]
    return max((_turns([rose for at, rose in moves if begin <= at < begin + SPAN_S]) for begin, _ in moves), default=0)


def _turns(rose: Sequence[bool]) -> int:
    return sum(1 for one, following in pairwise(rose) if one != following)


def _bursts(arrivals: Sequence[float], until: float) -> list[float]:
    """The starts of burst minutes."""
    counts = [0] * (int(until / MINUTE_S) + 1)
    for at in arrivals:
        if at < until:
            counts[int(at / MINUTE_S)] += 1
    found = []
    for minute in range(1, len(counts)):
        before = counts[max(minute - BEFORE, 0) : minute]
        mean = sum(before) / len(before)
        if counts[minute] > OVER * mean and counts[minute] > mean + SIGMAS * mean**0.5 + SIGMAS:
            found.append(minute * MINUTE_S)
    return found


def _after_burst(at: float, bursts: Sequence[float]) -> bool:
    place = bisect_left(bursts, at - CALM_S)
    return place < len(bursts) and bursts[place] <= at

"""Reads ServeGen's aggregates as a trace: the given file of rates, and the file of lengths in the same folder.

Requests are drawn from them; the same files always give the same requests.
"""

import random
from collections.abc import Iterable, Iterator
from math import inf
from pathlib import Path
from typing import Final

from fairlead.cli import trace_lines
from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic import client_mix
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.client_mix import WINDOW_S
from fairlead.sizing import traces

RATES: Final = "-rates"
LENGTHS: Final = "-lengths"
MAX_DRAWN: Final = 10_000_000
"""Requests; a minute to draw, and an hour or more to play."""
TOO_MANY: Final = (
    f"its rates are of more than {MAX_DRAWN:,} requests, and no more are drawn; take a part of it, such as --until 1h"
)


def describes(first_line: str) -> bool:
    """Whether a file with this first line contains rates of clients."""
    return _names(first_line) >= set(client_mix.RATES)


def is_description(path: Path) -> bool:
    """Whether a file only describes its requests, by rates of clients that may lack the shapes of their gaps."""
    with trace_lines.opened(path) as lines:
        return has_rates(next((line for line in lines if line.strip()), ""))


def has_rates(first_line: str) -> bool:
    """Whether a file with this first line can be described as traffic; playing it takes `describes`."""
    return _names(first_line) >= set(traces.RATES)


def _names(first_line: str) -> set[str]:
    return {name.strip() for name in first_line.split(",")}


def arrivals(path: Path, rates: Iterable[str], since: float = 0.0) -> Iterator[RequestArrival]:
    """Yield requests from the first window on, which begins at 0 seconds; windows that end before `since` have none."""
    beside = lengths_of(path)
    first: float | None = None
    drawn = 0
    with trace_lines.opened(beside) as lengths:
        for window in client_mix.windows(rates, lengths):
            first = window.start if first is None else first
            if window.start - first + WINDOW_S <= since:
                continue
            drawn += window.requests
            if drawn > MAX_DRAWN:
                raise UnreadableTraffic(TOO_MANY)
            for one in client_mix.arrivals(window, _stream, -inf, inf):
                one.time -= first
                yield one


def lengths_of(path: Path) -> Path:
    """Return the file of lengths beside the rates; raises `UnreadableTraffic` if there is none."""
    beside = path.with_name(path.name.replace(RATES, LENGTHS))
    if beside == path or not beside.is_file():
        raise UnreadableTraffic(no_lengths(path))
    return beside


def no_lengths(path: Path) -> str:
    """Say that the file of lengths is missing, and where to put it."""
    return (
        f"rates of clients are read with their lengths from {path.name.partition('.')[0].removesuffix(RATES)}"
        f"{LENGTHS}.csv beside it, packed alike, which does not exist; put it there under that name"
    )


def _stream(name: str) -> RandomSource:
    return random.Random(name)  # noqa: S311  # always the same traffic, not a secret

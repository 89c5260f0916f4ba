"""ServeGen's client mixes: many clients, each with a rate, a burstiness and lengths of its own in every window.

A window's arrivals depend only on the seed and the window, never on earlier windows, so a sample of windows has the
same requests as the whole day. Keeps one window in memory.
"""

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from math import inf
from operator import itemgetter
from typing import Final, NamedTuple

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic import gaps
from fairlead.simulator.traffic.arrivals import RequestArrival, UnreadableTraffic
from fairlead.simulator.traffic.lengths import LengthQuantiles
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields

WINDOW_S: Final = 600.0
WEIBULL: Final = "W"
RATES: Final = ("t_s", "client", "rate_rps", "dist", "shape")
LENGTHS: Final = ("t_s", "client", "field")
MAX_RPS: Final = 1e5
"""For one client; the busiest published one sends some 2,900."""
MIN_SHAPE, MAX_SHAPE = 6e-3, 1e6
"""Shapes of gap distributions; the published ones lie between 0.0067 and 45,230, and the longest Weibull gap that can
be drawn exceeds a float below 0.0051."""
MAX_TOKENS: Final = 1e9
_LEVEL: Final = re.compile(r"p\d+(\.\d+)?")

ChanceStreams = Callable[[str], RandomSource]
"""Returns a random source by name, seeded with the run's seed and the name."""


class ClientRate(NamedTuple):
    """The arrival process of one client in one window."""

    client: str
    rate: float
    weibull: bool
    shape: float


class LengthTables(NamedTuple):
    """The prompt and reply lengths of a client."""

    prompt: LengthQuantiles
    output: LengthQuantiles


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientMixWindow:
    """Ten minutes: each client's request rate, and the lengths that apply then."""

    start: float
    rates: tuple[ClientRate, ...]
    lengths: Mapping[str, LengthTables]

    @property
    def requests(self) -> int:
        """The exact number of arrivals."""
        return sum(_count(one) for one in self.rates)


def windows(rates: Iterable[str], lengths: Iterable[str], since: float = 0.0) -> Iterator[ClientMixWindow]:
    """Yield windows from this time on; both texts are lines in order of time."""
    tables: dict[str, LengthTables] = {}
    changes = _lengths(lengths)
    change = next(changes, None)
    for start, rows in groupby(_rates(rates), key=itemgetter(0)):
        while change is not None and change[0] <= start:
            tables[change[1]] = change[2]
            change = next(changes, None)
        present = tuple(row[1] for row in rows)
        if start >= since:
            yield ClientMixWindow(start=start, rates=present, lengths=dict(tables))


def arrivals(
    window: ClientMixWindow, streams: ChanceStreams, since: float = -inf, until: float = inf
) -> Iterator[RequestArrival]:
    """Yield one window's arrivals between two times; a part has the same requests there as the whole window.

    A client without lengths draws each request's from another client of the window, chosen by rate. This mixture of
    known lengths is narrower than the true one, since the widest tables are missing.
    """
    moments: list[tuple[float, int]] = []
    for place, one in enumerate(window.rates):
        randomness = streams(f"gaps/{window.start:.0f}/{one.client}")
        moments += [(window.start + moment, place) for moment in _moments(one, randomness)]
    moments.sort()
    randomness = streams(f"lengths/{window.start:.0f}")
    stand_in = _stand_in(window)
    for time, place in moments:
        whose, long, wordy = randomness.random(), randomness.random(), randomness.random()
        if since <= time < until:
            client = window.rates[place].client
            tables = window.lengths.get(client) or stand_in(whose)
            prompt, output = tables.prompt.at(long), tables.output.at(wordy)
            yield RequestArrival(time=time, prompt_tokens=prompt, output_tokens=output, client=client)


def between(
    windows: Iterable[ClientMixWindow], streams: ChanceStreams, since: float, until: float
) -> Iterator[RequestArrival]:
    """Yield the arrivals of several windows in order, between two times."""
    for window in windows:
        if window.start < until and since < window.start + WINDOW_S:
            yield from arrivals(window, streams, since, until)


def _count(one: ClientRate) -> int:
    return round(one.rate * WINDOW_S)


def _moments(one: ClientRate, randomness: RandomSource) -> list[float]:
    """Arrival times with gaps of the fitted shape, scaled to the rate, which the fits do not reproduce."""
    wanted, shape = _count(one), one.shape
    if not wanted:
        return []
    if one.weibull:
        drawn = [randomness.weibullvariate(1.0, shape) for _ in range(wanted + 1)]
    else:
        drawn = [randomness.gammavariate(shape, 1.0) for _ in range(wanted + 1)]
    return gaps.arrivals_within(WINDOW_S, drawn)


def _stand_in(window: ClientMixWindow) -> Callable[[float], LengthTables]:
    present = [one for one in window.rates if one.client in window.lengths]
    tables = [window.lengths[one.client] for one in present] or list(window.lengths.values())
    if not tables:
        raise UnreadableTraffic(f"window {window.start:.0f}: no client has lengths yet; start at a later window")
    weights = list(accumulate(one.rate for one in present)) or list(accumulate(1.0 for _ in tables))
    whole, last = weights[-1], len(tables) - 1
    return lambda draw: tables[min(bisect(weights, draw * whole), last)]


def _rates(lines: Iterable[str]) -> Iterator[tuple[float, ClientRate]]:
    before: float | None = None
    try:
        for row in measured_rows.csv_rows(lines, RATES):
            start = row.number("t_s")
            if before is not None and start != before and start < before + WINDOW_S:
                raise row.bad(
                    f"its window begins at {start:g} s, and the one above it at {before:g} s lasts {WINDOW_S:g} s"
                )
            before = start
            rate = row.number("rate_rps", most=MAX_RPS)
            weibull = row.text("dist") == WEIBULL
            shape = row.number("shape", MIN_SHAPE, MAX_SHAPE) if rate else 1.0
            yield start, ClientRate(row.text("client"), rate, weibull, shape)
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"rates: {problem}") from problem


def _lengths(lines: Iterable[str]) -> Iterator[tuple[float, str, LengthTables]]:
    """Yield length tables, each from a client's two consecutive rows."""
    try:
        rows = ((row.number("t_s"), row.text("client"), row) for row in measured_rows.csv_rows(lines, LENGTHS))
        for (start, client), pair in groupby(rows, key=itemgetter(0, 1)):
            yield start, client, _tables([row for _, _, row in pair])
    except BadMeasurement as problem:
        raise UnreadableTraffic(f"lengths: {problem}") from problem


def _tables(rows: Sequence[MeasuredFields]) -> LengthTables:
    found = {row.text("field"): _quantiles(row) for row in rows}
    absent = [field for field in ("input_tokens", "output_tokens") if field not in found]
    if absent:
        raise rows[-1].bad(f"its client has no {' and no '.join(absent)} for this time")
    return LengthTables(found["input_tokens"], found["output_tokens"])


def _quantiles(row: MeasuredFields) -> LengthQuantiles:
    names = [name for name in row.fields if _LEVEL.fullmatch(name) and row.has(name)]
    levels = sorted((float(name[1:]) / 100, row.number(name, most=MAX_TOKENS)) for name in names)
    if len(levels) < 2:
        raise row.bad(f"it has {len(levels)} of the quantiles p0 to p100, and needs two")
    return LengthQuantiles(*zip(*levels, strict=True))

"""Recorded traffic as a description: the text of a trace in, `Traffic` out.

It reads three formats: a CSV of single requests (Azure), JSON lines with prefix blocks (Mooncake), and rates with
length quantiles by client (ServeGen, two texts).
"""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate, pairwise
from typing import Final

from fairlead.fleet.traffic import TokenLengths, Traffic
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields
from fairlead.sizing.recorded_requests import AZURE, azure_moment, block_ids, tokens_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE_S: Final = 60.0
BLOCKS_REMEMBERED: Final = 2_000_000
"""Prefix blocks kept while reading: any cache that can be bought holds fewer."""
RATES: Final = ("t_s", "client", "rate_rps")
LENGTHS: Final = ("client", "field")
LEVEL: Final = re.compile(r"p\d+(\.\d+)?")
"""Columns of quantiles: p0 to p100."""


@dataclass(frozen=True, slots=True)
class UnreadableTrace:
    """A trace in no known format, with what was expected."""

    because: str


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """One request of a trace."""

    at_s: float
    prompt: int
    output: int
    cached: int = 0
    """Prompt tokens that an earlier prompt contained."""


def read(text: str) -> Traffic | UnreadableTrace:
    """Read a trace of single requests, CSV or JSON lines by its first character."""
    start = text.lstrip()[:1]
    try:
        requests = list(_json_lines(text) if start == "{" else _rows(text))
    except BadMeasurement as problem:
        return UnreadableTrace(f"{problem} (a trace is {','.join(AZURE)}, or JSON lines)")
    if len({one.at_s for one in requests}) < 2:
        return UnreadableTrace(f"{len(requests)} requests; a rate needs requests at two times")
    return summarize(requests)


def summarize(requests: Sequence[TraceRequest]) -> Traffic:
    """Describe single requests; the busiest minute is one of those counted from the first request."""
    first, last = min(one.at_s for one in requests), max(one.at_s for one in requests)
    span = max(last - first, 1.0)
    minutes = Counter(int((one.at_s - first) / MINUTE_S) for one in requests)
    rate = len(requests) / span
    busiest = max(minutes.values()) / min(MINUTE_S, span)
    prompts = sum(one.prompt for one in requests)
    return Traffic(
        requests_per_second=rate,
        burst=max(busiest / rate, 1.0),
        prompt=lengths([(one.prompt, 1.0) for one in requests]),
        output=lengths([(one.output, 1.0) for one in requests]),
        cacheable=sum(one.cached for one in requests) / prompts if prompts else 0.0,
    )


def read_rates(rates: str, quantiles: str) -> Traffic | UnreadableTrace:
    """Read ServeGen's requests a second by client and window, and its length quantiles by client."""
    try:
        windows, weights = _loads(_table(rates, RATES))
        prompt, output = (
            _mixture(_table(quantiles, LENGTHS), weights, f"{kind}_tokens") for kind in ("input", "output")
        )
    except BadMeasurement as problem:
        return UnreadableTrace(f"{problem} (rates are {','.join(RATES)}; lengths {','.join(LENGTHS)} and p0 to p100)")
    if not any(windows.values()) or not _weight(prompt) or not _weight(output):
        return UnreadableTrace("no window with traffic, or no lengths of clients that send any")
    mean = sum(windows.values()) / len(windows)
    busy = max(windows.values()) / mean
    return Traffic(requests_per_second=mean, burst=busy, prompt=lengths(prompt), output=lengths(output))


def lengths(weighted: Iterable[tuple[float, float]]) -> TokenLengths:
    """Return percentiles and mean of weighted lengths; never below one token."""
    ordered = sorted((max(length, 1.0), weight) for length, weight in weighted)
    whole = sum(weight for _, weight in ordered)
    mean = sum(length * weight for length, weight in ordered) / whole
    return TokenLengths(
        p50=_at(ordered, 0.50 * whole), p95=_at(ordered, 0.95 * whole), p99=_at(ordered, 0.99 * whole), mean=mean
    )


def _at(ordered: Sequence[tuple[float, float]], target: float) -> float:
    """Return the first length that reaches the target, else the last: the sum of many weights is rounded."""
    reached = accumulate(weight for _, weight in ordered)
    return next((length for (length, _), sum_ in zip(ordered, reached, strict=True) if sum_ >= target), ordered[-1][0])


def _weight(weighted: Iterable[tuple[float, float]]) -> float:
    return sum(weight for _, weight in weighted)


def _table(text: str, columns: Iterable[str]) -> Iterator[MeasuredFields]:
    return measured_rows.csv_rows(io.StringIO(text, newline=""), columns)


def _rows(text: str) -> Iterator[TraceRequest]:
    for row in _table(text, AZURE):
        yield TraceRequest(
            (azure_moment(row) - _EPOCH).total_seconds(),
            tokens_of(row, "ContextTokens"),
            tokens_of(row, "GeneratedTokens"),
        )


def _json_lines(text: str) -> Iterator[TraceRequest]:
    """Yield requests; a prompt's leading run of blocks seen before is cached. All blocks of a trace have one size."""
    seen: set[int] = set()
    for row in measured_rows.json_rows(io.StringIO(text)):
        blocks, prompt = block_ids(row) if row.has("hash_ids") else [], tokens_of(row, "input_length")
        cached_blocks = next((place for place, block in enumerate(blocks) if block not in seen), len(blocks))
        seen.update(blocks[: max(BLOCKS_REMEMBERED - len(seen), 0)])
        cached = int(prompt * cached_blocks / len(blocks)) if blocks else 0
        yield TraceRequest(row.number("timestamp") / 1000, prompt, tokens_of(row, "output_length"), cached)


def _loads(rows: Iterable[MeasuredFields]) -> tuple[dict[float, float], dict[str, float]]:
    """Return requests a second by window, and by client."""
    windows: dict[float, float] = {}
    clients: dict[str, float] = {}
    for row in rows:
        start, client, rate = row.number("t_s"), row.text("client"), row.number("rate_rps")
        windows[start] = windows.get(start, 0.0) + rate
        clients[client] = clients.get(client, 0.0) + rate
    return windows, clients


def _mixture(rows: Iterable[MeasuredFields], weights: Mapping[str, float], field: str) -> list[tuple[float, float]]:
    """Return the lengths of all clients: each quantile level is the share of requests up to the next one."""
    found: dict[str, list[dict[float, float]]] = {}
    for row in rows:
        levels = {float(name[1:]): row.number(name) for name in row.fields if LEVEL.fullmatch(name) and row.has(name)}
        if row.text("field") == field:
            found.setdefault(row.text("client"), []).append(levels)
    mixture = []
    for client, tables in found.items():
        for levels in tables:
            share = weights.get(client, 0.0) / len(tables)
            mixture += [(length, share * part) for length, part in _parts(levels)]
    return mixture


def _parts(levels: Mapping[float, float]) -> Iterator[tuple[float, float]]:
    """Yield the share of requests between two levels, at the midpoint of the two lengths."""
    ordered = sorted(levels.items())
    for (below, short), (above, long) in pairwise(ordered):
        yield (short + long) / 2, (above - below) / 100

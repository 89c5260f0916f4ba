"""Recorded traffic as a description: text of a trace in, `Traffic` out.

Three formats are understood: a CSV of single requests (Azure), JSON lines with prefix blocks (Mooncake), and rates
with length quantiles by client (ServeGen, two texts).
"""

import csv
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, pairwise
from typing import Final

from fairlead.fleet.traffic import TokenLengths, Traffic

MINUTE_S: Final = 60.0
BLOCKS_REMEMBERED: Final = 2_000_000
"""Prefix blocks kept while reading: any cache that could be bought holds fewer."""


@dataclass(frozen=True, slots=True)
class UnreadableTrace:
    """A trace in no known format; says what was expected."""

    because: str


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """One request of a trace."""

    at_s: float
    prompt: int
    output: int
    cached: int = 0
    """Prompt tokens that were in an earlier prompt."""


def read(text: str) -> Traffic | UnreadableTrace:
    """A trace of single requests, CSV or JSON lines by its first character."""
    start = text.lstrip()[:1]
    try:
        requests = list(_json_lines(text) if start == "{" else _rows(text))
    except (ValueError, KeyError, TypeError) as problem:
        return UnreadableTrace(f"neither TIMESTAMP,ContextTokens,GeneratedTokens nor JSON lines: {problem!r}")
    if len(requests) < 2:
        return UnreadableTrace(f"{len(requests)} requests; a rate needs two")
    return summarize(requests)


def summarize(requests: Sequence[TraceRequest]) -> Traffic:
    """The description of single requests; the busiest minute is a calendar one of the trace."""
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
    """ServeGen: requests a second by client and window, and the quantiles of lengths by client."""
    try:
        windows = _windows(csv.DictReader(rates.splitlines()))
        weights = _weights(csv.DictReader(rates.splitlines()))
        prompt = _mixture(csv.DictReader(quantiles.splitlines()), weights, "input_tokens")
        output = _mixture(csv.DictReader(quantiles.splitlines()), weights, "output_tokens")
    except (ValueError, KeyError, TypeError) as problem:
        return UnreadableTrace(f"not ServeGen's rates and lengths: {problem!r}")
    if not windows or not prompt or not output:
        return UnreadableTrace("no window with traffic, or no lengths")
    mean = sum(windows.values()) / len(windows)
    busy = max(windows.values()) / mean
    return Traffic(requests_per_second=mean, burst=busy, prompt=lengths(prompt), output=lengths(output))


def lengths(weighted: Iterable[tuple[float, float]]) -> TokenLengths:
    """Percentiles and mean of lengths with weights; never below one token."""
    ordered = sorted((max(length, 1.0), weight) for length, weight in weighted)
    whole = sum(weight for _, weight in ordered)
    mean = sum(length * weight for length, weight in ordered) / whole
    return TokenLengths(
        p50=_at(ordered, 0.50 * whole), p95=_at(ordered, 0.95 * whole), p99=_at(ordered, 0.99 * whole), mean=mean
    )


def _at(ordered: Sequence[tuple[float, float]], target: float) -> float:
    """The first length that reaches the target, else the last: rounding in the sum of many weights may miss it."""
    reached = accumulate(weight for _, weight in ordered)
    return next((length for (length, _), sum_ in zip(ordered, reached, strict=True) if sum_ >= target), ordered[-1][0])


def _rows(text: str) -> Iterator[TraceRequest]:
    for row in csv.DictReader(text.splitlines()):
        moment = datetime.fromisoformat(row["TIMESTAMP"][:26])
        seconds = (moment - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001  # the trace names no zone
        yield TraceRequest(seconds, int(row["ContextTokens"]), int(row["GeneratedTokens"]))


def _json_lines(text: str) -> Iterator[TraceRequest]:
    """A prompt's leading run of blocks that were seen before counts as cached; all blocks of a trace have one size."""
    seen: set[int] = set()
    for line in text.splitlines():
        one = json.loads(line)
        blocks, prompt = one.get("hash_ids", []), int(one["input_length"])
        cached_blocks = next((place for place, block in enumerate(blocks) if block not in seen), len(blocks))
        seen.update(blocks[: max(BLOCKS_REMEMBERED - len(seen), 0)])
        cached = int(prompt * cached_blocks / len(blocks)) if blocks else 0
        yield TraceRequest(float(one["timestamp"]) / 1000, prompt, int(one["output_length"]), cached)


def _windows(rows: Iterable[Mapping[str, str]]) -> dict[str, float]:
    """Requests a second of all clients, by window."""
    total: dict[str, float] = {}
    for row in rows:
        total[row["t_s"]] = total.get(row["t_s"], 0.0) + float(row["rate_rps"])
    return total


def _weights(rows: Iterable[Mapping[str, str]]) -> dict[str, float]:
    """Each client's share of all requests."""
    total: dict[str, float] = {}
    for row in rows:
        total[row["client"]] = total.get(row["client"], 0.0) + float(row["rate_rps"])
    return total


def _mixture(rows: Iterable[Mapping[str, str]], weights: Mapping[str, float], field: str) -> list[tuple[float, float]]:
    """Lengths of all clients: each quantile level stands for the share of requests up to the next one."""
    found: dict[str, list[dict[float, float]]] = {}
    for row in rows:
        if row["field"] == field:
            levels = {float(name[1:]): float(value) for name, value in row.items() if name[:1] == "p" and value}
            found.setdefault(row["client"], []).append(levels)
    mixture = []
    for client, tables in found.items():
        for levels in tables:
            share = weights.get(client, 0.0) / len(tables)
            mixture += [(length, share * part) for length, part in _parts(levels)]
    return mixture


def _parts(levels: Mapping[float, float]) -> Iterator[tuple[float, float]]:
    """Between two levels lie as many requests as the levels are apart, half way between the two lengths."""
    ordered = sorted(levels.items())
    for (below, short), (above, long) in pairwise(ordered):
        yield (short + long) / 2, (above - below) / 100

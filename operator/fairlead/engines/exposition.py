"""The text format of engine metrics: parses only the lines of the wanted families into samples.

A page has some 600 lines and an autoscaler reads a thousand pages a round, so each line is examined once and dropped by
its name before anything else in it is parsed.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import isfinite
from types import MappingProxyType
from typing import Final, NamedTuple

from fairlead.fleet.engine_load import UnreadableScrape, UnreadableScrapeReason

_PAIR: Final = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_ESCAPE: Final = re.compile(r"\\(.)")
_SHOWN: Final = 120
"""How much of a bad line is shown to users; engines put no prompts in labels, but others might."""


class MetricSample(NamedTuple):
    """One number, with the line it came from."""

    name: str
    labels: Mapping[str, str]
    value: float
    line: str


def samples(text: str, families: frozenset[str]) -> Iterator[MetricSample | UnreadableScrape]:
    """Yield the samples of these families in page order; readers stop at the first `UnreadableScrape`."""
    lines = text.split("\n")
    if last := lines.pop():
        yield unreadable(UnreadableScrapeReason.BROKEN_LINE, last)
    for line in lines:
        name, brace, rest = line.partition("{")
        if not brace:
            name, _, rest = line.partition(" ")
        if name in families:
            yield _sample(line, name, rest if brace else "} " + rest)


def unreadable(reason: UnreadableScrapeReason, line: str) -> UnreadableScrape:
    """Return an `UnreadableScrape` with the line that shows why."""
    return UnreadableScrape(reason=reason, line=line[:_SHOWN])


def _sample(line: str, name: str, rest: str) -> MetricSample | UnreadableScrape:
    written, _, after = rest.rpartition("}")
    labels = _labels(written)
    value = _number(after)
    if labels is None or value is None:
        return unreadable(UnreadableScrapeReason.BROKEN_LINE, line)
    if not isfinite(value):
        return unreadable(UnreadableScrapeReason.NOT_A_NUMBER, line)
    if value < 0:
        return unreadable(UnreadableScrapeReason.NEGATIVE, line)
    return MetricSample(name, labels, value, line)


def _number(after: str) -> float | None:
    """Parse the value, which a timestamp may follow. `float` itself would read `1_0` as ten."""
    words = after.split(None, 1)
    if not words or "_" in words[0]:
        return None
    try:
        return float(words[0])
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def _labels(written: str) -> Mapping[str, str] | None:
    """Parse the labels between the braces. Cached: the same few hundred label sets are on every page."""
    pairs: dict[str, str] = {}
    position = 0
    while written[position:].strip():
        found = _PAIR.match(written, position)
        if found is None or found[1] in pairs:
            return None
        pairs[found[1]] = _ESCAPE.sub(_unescaped, found[2]) if "\\" in found[2] else found[2]
        position = found.end()
    return MappingProxyType(pairs)


def _unescaped(found: re.Match[str]) -> str:
    return "\n" if found[1] == "n" else found[1]

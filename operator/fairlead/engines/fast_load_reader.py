"""Finds the wanted families of a page in its bytes, near their offsets on the previous page.

A page has some 600 lines and an autoscaler reads a thousand pages a second, so the lines between the wanted families
are skipped, and the meaning of a line's labels is worked out once. Anything unexpected is left to the complete reader,
which alone says why a page is unreadable.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from typing import Any, Final, NamedTuple

from fairlead.engines import exposition
from fairlead.engines.exposition import MetricSample
from fairlead.engines.load_parser import MetricNames
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape

MAX_MEANINGS: Final = 65_536
"""Maximum number of cached line meanings for all pods together: some 80 lines a model, and one more a pod."""
SLACK: Final = 256
"""How many bytes a family may have moved since the last page: every number before it may be a digit longer."""

COMPARED_EACH: Final = 64
"""One in this many pages of a pod goes to both readers: a hundredth of the cost, and a wrong figure lasts two
minutes."""

CompleteReader = Callable[[str], EngineLoad | UnreadableScrape]
"""The reader that parses every line."""


class SampleMeaning(NamedTuple):
    """Which fact the value of a line is."""

    fact: str = ""
    """A field of `EngineLoad`, or a part of a histogram by a name of our own; empty if not needed."""
    histogram: str = ""
    """The field whose bucket this is."""
    bound: float = 0.0
    engine: str | None = None
    capacity: tuple[tuple[str, int], ...] = ()


class _UnexpectedLine(Exception):
    """The page has something this reader does not expect; it goes to the complete reader."""


@dataclass(slots=True)
class _ScrapeTally:
    """The figures read from one page so far."""

    sums: dict[str, float] = field(default_factory=dict)
    usages: list[float] = field(default_factory=list)
    buckets: dict[str, dict[float, float]] = field(default_factory=dict)
    capacity: dict[str, int] = field(default_factory=dict)
    engines: set[str] = field(default_factory=set)


class FamilyIndex:
    """The wanted families of one kind of engine, and what their lines mean; shared by all its pods."""

    def __init__(self, names: MetricNames, complete: CompleteReader) -> None:
        self.complete = complete
        self.histograms: Final = names.histograms
        self.usage: Final = names.usage
        self.not_added: Final = names.not_added
        self._names = names
        self._families: Final = names.families
        bases = dict.fromkeys(one.removesuffix("_count").removesuffix("_sum") for one in names.sums)
        wanted = (*bases, names.usage, *self.histograms, names.capacity)
        self.headings: Final = tuple(b"\n# TYPE %b " % base.encode() for base in wanted)
        self._meanings: dict[bytes, SampleMeaning] = {}

    def meaning(self, head: bytes) -> SampleMeaning:
        """Return the meaning of a line, given without its value."""
        found = self._meanings.get(head)
        if found is None:
            if len(self._meanings) >= MAX_MEANINGS:
                self._meanings.clear()
            found = self._meanings[head] = self._worked_out(head)
        return found

    def _worked_out(self, head: bytes) -> SampleMeaning:
        """Work out a meaning; a head that does not end with its labels comes from a line with a timestamp after its
        value."""
        if not head.endswith(b"}") and b" " in head:
            raise _UnexpectedLine
        sample = next(exposition.samples(head.decode(errors="replace") + " 0\n", self._families), None)
        if isinstance(sample, UnreadableScrape):
            raise _UnexpectedLine
        return SampleMeaning() if sample is None else self._of(sample)

    def _of(self, sample: MetricSample) -> SampleMeaning:
        names, engine = self._names, sample.labels.get(self._names.engine_label)
        if sample.name == names.capacity:
            return SampleMeaning(engine=engine, capacity=_sizes(sample.labels, names.capacity_labels))
        base, _, part = sample.name.rpartition("_")
        if part == "bucket":
            return SampleMeaning(
                histogram=self.histograms[base], bound=_bound(sample.labels.get("le", "")), engine=engine
            )
        return SampleMeaning(fact=names.sums.get(sample.name, sample.name), engine=engine)


class FastLoadReader:
    """Reads the metrics pages of one pod."""

    __slots__ = ("_pages", "_places", "_skims", "_wording")

    def __init__(self, wording: FamilyIndex) -> None:
        self._wording = wording
        self._places = [0] * len(wording.headings)
        self._pages = 0
        self._skims = True
        """Whether both readers have agreed so far."""

    def read(self, page: bytes) -> EngineLoad | UnreadableScrape:
        """Parse one page; every so often with both readers, and with the complete one alone once they differ."""
        self._pages += 1
        if not self._skims:
            return self._completely(page)
        try:
            seen = self._read(page)
        except _UnexpectedLine:
            return self._completely(page)
        if self._pages % COMPARED_EACH == 1:
            complete = self._completely(page)
            self._skims = complete == seen
            return complete
        return seen

    def _completely(self, page: bytes) -> EngineLoad | UnreadableScrape:
        return self._wording.complete(page.decode(errors="replace"))

    def _read(self, page: bytes) -> EngineLoad:
        if not page.endswith(b"\n"):
            raise _UnexpectedLine
        tally = _ScrapeTally()
        for number, heading in enumerate(self._wording.headings):
            at = self._found(page, number, heading)
            if at >= 0:
                self._places[number] = at
                start = page.find(b"\n", at + len(heading)) + 1
                end = page.find(b"\n# ", start - 1)
                self._family(page[start : end if end >= 0 else -1], tally)
        return self._load(tally)

    def _found(self, page: bytes, number: int, heading: bytes) -> int:
        """Return the offset of a heading, or -1; one that has disappeared since the last page is unexpected."""
        before = self._places[number]
        at = page.find(heading, max(0, before - SLACK), before + SLACK) if before else -1
        if at < 0:
            at = page.find(heading)
        if at < 0 and before:
            raise _UnexpectedLine
        return at

    def _family(self, lines: bytes, tally: _ScrapeTally) -> None:
        meaning_of, usage = self._wording.meaning, self._wording.usage
        for line in lines.split(b"\n") if lines else ():
            head, _, written = line.rpartition(b" ")
            fact, histogram, bound, engine, capacity = meaning_of(head)
            value = _number(written)
            if engine is not None:
                tally.engines.add(engine)
            if histogram:
                buckets = tally.buckets.setdefault(histogram, {})
                buckets[bound] = buckets.get(bound, 0.0) + value
            elif capacity:
                _add(tally.capacity, capacity, self._wording.not_added)
            elif fact == usage:
                tally.usages.append(value)
            elif fact:
                tally.sums[fact] = tally.sums.get(fact, 0.0) + value

    def _load(self, tally: _ScrapeTally) -> EngineLoad:
        """Return the figures as `EngineLoad`; a page without a gauge that every engine has is unexpected."""
        sums, usages = tally.sums, tally.usages
        if "running" not in sums or not usages or max(usages) > 1:
            raise _UnexpectedLine
        facts: dict[str, Any] = {
            fact: _histogram(sums.pop(f"{base}_count", None), sums.pop(f"{base}_sum", None), tally.buckets.get(fact))
            for base, fact in self._wording.histograms.items()
        }
        return EngineLoad(
            engines=max(1, len(tally.engines)),
            kv_usage=sum(usages) / len(usages),
            **(facts | sums | tally.capacity),
        )


def _number(written: bytes) -> float:
    """Parse a number; `float` itself would read `1_0` as ten."""
    try:
        value = float(written)
    except ValueError:
        raise _UnexpectedLine from None
    if not 0.0 <= value < inf or b"_" in written:
        raise _UnexpectedLine
    return value


def _histogram(
    count: float | None, total: float | None, buckets: dict[float, float] | None
) -> DurationHistogram | None:
    if count is None or total is None:
        return None
    counted = (buckets or {}) | {inf: count}
    bounds = tuple(sorted(counted.items()))
    if any(low[1] > high[1] for low, high in pairwise(bounds)):
        raise _UnexpectedLine
    return DurationHistogram(count=count, total=total, buckets=bounds)


def _sizes(labels: Mapping[str, str], wanted: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    found: list[tuple[str, int]] = []
    for label, fact in wanted.items():
        written = labels.get(label, "None")
        if written.isascii() and written.isdigit():
            found.append((fact, int(written)))
        elif written != "None":
            raise _UnexpectedLine
    return tuple(found)


def _add(counts: dict[str, int], sizes: tuple[tuple[str, int], ...], not_added: frozenset[str]) -> None:
    for fact, size in sizes:
        counts[fact] = size + (0 if fact in not_added else counts.get(fact, 0))


def _bound(written: str) -> float:
    try:
        bound = float(written)
    except ValueError:
        raise _UnexpectedLine from None
    if bound != bound:  # noqa: PLR0124 - only a NaN differs from itself
        raise _UnexpectedLine
    return bound

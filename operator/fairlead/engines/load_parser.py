"""Samples to `EngineLoad`: which family is which fact, and how several engines in one pod add up.

Every engine has its own family names; which samples are accepted is the same for all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isnan
from typing import Any

from fairlead.engines import exposition
from fairlead.engines.exposition import MetricSample
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape, UnreadableScrapeReason


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricNames:
    """The metric families of one engine from which `EngineLoad` is read."""

    sums: Mapping[str, str]
    """Family to field: gauges and counters that are summed over a pod's engines, and over the families of a field."""
    usage: str
    """The gauge of the KV cache's use, 0 to 1."""
    histograms: Mapping[str, str]
    """Family, without `_bucket`, to field."""
    capacity: str
    """The gauge whose labels say how large the KV cache is."""
    capacity_labels: Mapping[str, str]
    """Label to field."""
    of_pod: frozenset[str] = frozenset()
    """Fields of `capacity_labels` that the line of each engine gives for all engines of the pod."""
    engine_label: str
    """The label that distinguishes a pod's data-parallel engines."""
    moves_at_ends: bool = False
    """See `EngineLoad.moves_at_ends`."""
    labels: tuple[str, ...] = ()
    """All labels, except the bounds of buckets, that distinguish the samples of a family within one pod."""
    also: frozenset[str] = frozenset()
    """Other families that the engine's own translation of samples needs."""
    always: str = ""
    """A family that is on the page from the start; absent: `usage` is."""

    @property
    def families(self) -> frozenset[str]:
        """Every family name worth parsing."""
        parts = (f"{base}_{part}" for base in self.histograms for part in ("bucket", "sum", "count"))
        return frozenset((*self.sums, self.usage, self.capacity, self.dated, *parts)) | self.also

    @property
    def dated(self) -> str:
        """The family whose samples say when a page was scraped."""
        return self.always or self.usage

    @property
    def not_added(self) -> frozenset[str]:
        """Fields that are not summed over engines: two engines have twice the blocks, not blocks twice as large."""
        return frozenset({"block_tokens"}) | self.of_pod


@dataclass(slots=True)
class _LoadTally:
    """The figures read from one page so far."""

    names: MetricNames
    sums: dict[str, float] = field(default_factory=dict)
    usages: list[float] = field(default_factory=list)
    capacity: dict[str, int] = field(default_factory=dict)
    buckets: dict[str, dict[float, float]] = field(default_factory=dict)
    engines: set[str] = field(default_factory=set)
    """Values of the engine label; some families are the HTTP server's and have none."""
    empty: bool = True
    not_added: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.not_added = self.names.not_added

    def add(self, sample: MetricSample) -> UnreadableScrape | None:
        """Add one sample, or return why the page is unreadable."""
        self.empty = False
        if (engine := sample.labels.get(self.names.engine_label)) is not None:
            self.engines.add(engine)
        if sample.name == self.names.usage:
            return self._add_usage(sample)
        if sample.name == self.names.capacity:
            return self._add_capacity(sample)
        if sample.name.endswith("_bucket"):
            return self._add_bucket(sample)
        self.sums[sample.name] = self.sums.get(sample.name, 0.0) + sample.value
        return None

    def _add_usage(self, sample: MetricSample) -> UnreadableScrape | None:
        if sample.value > 1:
            return exposition.unreadable(UnreadableScrapeReason.OUT_OF_RANGE, sample.line)
        self.usages.append(sample.value)
        return None

    def _add_capacity(self, sample: MetricSample) -> UnreadableScrape | None:
        """Engines write `None` for what they did not set, which counts as absent; any other word is a broken page."""
        for label, wanted in self.names.capacity_labels.items():
            written = sample.labels.get(label, "None")
            if written.isascii() and written.isdigit():
                before = 0 if wanted in self.not_added else self.capacity.get(wanted, 0)
                self.capacity[wanted] = before + int(written)
            elif written != "None":
                return exposition.unreadable(UnreadableScrapeReason.BROKEN_LINE, sample.line)
        return None

    def _add_bucket(self, sample: MetricSample) -> UnreadableScrape | None:
        bound = _bound(sample.labels.get("le", ""))
        if bound is None:
            return exposition.unreadable(UnreadableScrapeReason.BROKEN_LINE, sample.line)
        counts = self.buckets.setdefault(sample.name.removesuffix("_bucket"), {})
        counts[bound] = counts.get(bound, 0.0) + sample.value
        return None


def load(text: str, names: MetricNames, families: frozenset[str]) -> EngineLoad | UnreadableScrape:
    """Parse one page; `families` is `names.families`, computed once rather than once per page."""
    return of_samples(exposition.samples(text, families), names)


def of_samples(found: Iterable[MetricSample | UnreadableScrape], names: MetricNames) -> EngineLoad | UnreadableScrape:
    """Combine the samples of one page; engines with another form of metrics translate their samples first."""
    tally = _LoadTally(names)
    for sample in found:
        wrong = sample if isinstance(sample, UnreadableScrape) else tally.add(sample)
        if wrong is not None:
            return wrong
    if tally.empty:
        return exposition.unreadable(UnreadableScrapeReason.NO_METRICS, "")
    return _load(tally)


def _load(tally: _LoadTally) -> EngineLoad | UnreadableScrape:
    facts: dict[str, Any] = {}
    for name, wanted in tally.names.sums.items():
        if name in tally.sums:
            facts[wanted] = facts.get(wanted, 0.0) + tally.sums[name]
    for base, wanted in tally.names.histograms.items():
        histogram = _histogram(base, tally)
        if isinstance(histogram, UnreadableScrape):
            return histogram
        facts[wanted] = histogram
    if tally.usages:
        facts["kv_usage"] = sum(tally.usages) / len(tally.usages)
    engines, at_ends = max(1, len(tally.engines)), tally.names.moves_at_ends
    return EngineLoad(engines=engines, moves_at_ends=at_ends, **(facts | tally.capacity))


def _histogram(base: str, tally: _LoadTally) -> DurationHistogram | UnreadableScrape | None:
    """None without a count and a sum; unreadable if a bucket counts more than one with a greater bound."""
    count, total = tally.sums.get(f"{base}_count"), tally.sums.get(f"{base}_sum")
    if count is None or total is None:
        return None
    buckets = tuple(sorted((tally.buckets.get(base, {}) | {inf: count}).items()))
    if any(low[1] > high[1] for low, high in pairwise(buckets)):
        return exposition.unreadable(UnreadableScrapeReason.OUT_OF_RANGE, base)
    return DurationHistogram(count=count, total=total, buckets=buckets)


def _bound(written: str) -> float | None:
    try:
        bound = float(written)
    except ValueError:
        return None
    return None if isnan(bound) else bound

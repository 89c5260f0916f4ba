"""The text exposition format: families with help and type, samples with sorted labels, creation times.

Like prometheus_client's own writer, it prints `x_created` as a separate gauge after each counter and histogram.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import inf

from fairlead.emulator.engine.metrics.families import EngineMetricFamily, EngineMetricType
from fairlead.emulator.engine.metrics.histogram import EngineHistogram

SeriesLabels = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ValueSeries:
    """One child of a counter or gauge."""

    labels: SeriesLabels
    value: float


@dataclass(frozen=True, slots=True)
class HistogramSeries:
    """One child of a histogram."""

    labels: SeriesLabels
    histogram: EngineHistogram


@dataclass(frozen=True, slots=True)
class SummarySeries:
    """One child of a summary: count and sum of its samples."""

    labels: SeriesLabels
    count: int
    total: float


MetricSeries = ValueSeries | HistogramSeries | SummarySeries


def family_lines(family: EngineMetricFamily, children: Iterable[MetricSeries], born: float) -> Iterator[str]:
    """All lines of one family; `born` is when its children were created, in seconds since 1970."""
    children = tuple(children)
    counted = family.kind is EngineMetricType.COUNTER
    yield from _head(family.name + "_total" if counted else family.name, family)
    for child in children:
        yield from _lines(family, child)
    if family.kind is EngineMetricType.GAUGE or not children:
        return
    yield from _head(family.name + "_created", family, EngineMetricType.GAUGE)
    for child in children:
        yield _line(family.name + "_created", child.labels, born)


def number(value: float) -> str:
    """A value in the exposition's notation."""
    return "+Inf" if value == inf else repr(float(value))


def _lines(family: EngineMetricFamily, child: MetricSeries) -> Iterator[str]:
    match child:
        case ValueSeries(labels, value):
            yield _line(
                family.name + "_total" if family.kind is EngineMetricType.COUNTER else family.name, labels, value
            )
        case HistogramSeries(labels, histogram):
            below = 0
            for bound, below in histogram.buckets:
                yield _line(family.name + "_bucket", {**labels, "le": number(bound)}, below)
            yield _line(family.name + "_count", labels, below)
            yield _line(family.name + "_sum", labels, histogram.total)
        case SummarySeries(labels, count, total):
            yield _line(family.name + "_count", labels, count)
            yield _line(family.name + "_sum", labels, total)


def _head(name: str, family: EngineMetricFamily, kind: EngineMetricType | None = None) -> tuple[str, str]:
    return f"# HELP {name} {family.told}", f"# TYPE {name} {kind or family.kind}"


def _line(name: str, labels: SeriesLabels, value: float) -> str:
    inner = ",".join(f'{label}="{_escaped(labels[label])}"' for label in sorted(labels))
    return f"{name}{{{inner}}} {number(value)}" if inner else f"{name} {number(value)}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')

"""The exposition as printed by prometheus_client's own writer, which vLLM serves: the emulator's page.

Values are floats, labels are sorted, and `x_created` follows each counter, histogram and summary as a gauge.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import inf
from typing import NamedTuple

from fairlead.telemetry.exposition import escaped
from fairlead.telemetry.histogram import MetricHistogram
from fairlead.telemetry.metric_family import MetricFamily, MetricType


class SummaryValue(NamedTuple):
    """Count and sum of a summary's values."""

    times: int
    total: float


SeriesLabels = Mapping[str, str]
Series = tuple[SeriesLabels, float | MetricHistogram | SummaryValue]


def family_lines(family: MetricFamily, series: Iterable[Series], born: float | None) -> Iterator[str]:
    """Yield all lines of one family; `born` is when its series were created, in seconds since 1970.

    None for a program of several processes, whose common page does not show it.
    """
    series = tuple(series)
    yield from _head(family.name, family.text, family.kind)
    for labels, value in series:
        yield from _lines(family.name, labels, value)
    if family.kind is MetricType.GAUGE or not series or born is None:
        return
    created = f"{family.name.removesuffix('_total') if family.kind is MetricType.COUNTER else family.name}_created"
    yield from _head(created, family.text, MetricType.GAUGE)
    for labels, _ in series:
        yield _line(created, labels, born)


def _lines(name: str, labels: SeriesLabels, value: float | MetricHistogram | SummaryValue) -> Iterator[str]:
    if isinstance(value, MetricHistogram):
        for bound, below in zip((*value.bounds, inf), value.up_to, strict=True):
            yield _line(f"{name}_bucket", {**labels, "le": number(bound)}, below)
        value = SummaryValue(sum(value.counts), value.total)
    if isinstance(value, SummaryValue):
        yield _line(f"{name}_count", labels, value.times)
        yield _line(f"{name}_sum", labels, value.total)
    else:
        yield _line(name, labels, value)


def number(value: float) -> str:
    """Format a value as the exposition does."""
    return "+Inf" if value == inf else repr(float(value))


def _head(name: str, text: str, kind: MetricType) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _line(name: str, labels: SeriesLabels, value: float) -> str:
    inner = ",".join(f'{label}="{escaped(labels[label])}"' for label in sorted(labels))
    return f"{name}{{{inner}}} {number(value)}" if inner else f"{name} {number(value)}"

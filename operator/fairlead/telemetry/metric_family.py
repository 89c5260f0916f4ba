"""The definition of a metric family: name, type, help text, labels and buckets; the same for all our programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class MetricType(StrEnum):
    """A family's type in Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    SUMMARY = "summary"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """One metric."""

    name: str
    """The name of its samples: counters end in `_total`."""
    kind: MetricType
    text: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()
    bound_format: str = "g"
    """How bounds are written in the label `le`; another spelling would be another series."""
    children: tuple[str, ...] = ()
    """Values of its last label that are shown from the start; empty if they appear as they come."""


@dataclass(frozen=True, slots=True)
class MetricPrefix:
    """Creates families whose names begin with one program's prefix."""

    prefix: str
    bound_format: str = "g"

    def counter(self, name: str, text: str, *labels: str, children: tuple[str, ...] = ()) -> MetricFamily:
        """Define a counter; `_total` is added to its name."""
        name = f"{self.prefix}{name}_total"
        return MetricFamily(name=name, kind=MetricType.COUNTER, text=text, labels=labels, children=children)

    def gauge(self, name: str, text: str, *labels: str, children: tuple[str, ...] = ()) -> MetricFamily:
        """Define a gauge."""
        name = f"{self.prefix}{name}"
        return MetricFamily(name=name, kind=MetricType.GAUGE, text=text, labels=labels, children=children)

    def histogram(self, name: str, text: str, bounds: tuple[float, ...], *labels: str) -> MetricFamily:
        """Define a histogram with these buckets."""
        return MetricFamily(
            name=f"{self.prefix}{name}",
            kind=MetricType.HISTOGRAM,
            text=text,
            labels=labels,
            bounds=bounds,
            bound_format=self.bound_format,
        )

    def summary(self, name: str, text: str, *labels: str) -> MetricFamily:
        """Define a summary: count and sum, without quantiles."""
        return MetricFamily(name=f"{self.prefix}{name}", kind=MetricType.SUMMARY, text=text, labels=labels)


def families_of(module: Iterable[object]) -> tuple[MetricFamily, ...]:
    """Return all families among a module's values, in order of definition, which is the order on the page."""
    return tuple(value for value in tuple(module) if isinstance(value, MetricFamily))

"""Prometheus' text format 0.0.4: how families and samples are written.

Not by prometheus_client: a scrape blocks the loop, and a page of 100 tenants and 20 replicas takes 2 ms here and 10 ms
there; tests check ours with its parser (bench/router_observability.py). OpenMetrics is not offered: every scraper
accepts this format, and its one addition, exemplars with trace ids, is in the access log.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from fairlead.telemetry.histogram import MetricHistogram
from fairlead.telemetry.metric_family import MetricFamily

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"
Values = tuple[str, ...]
Number = int | float


class ExpositionWriter:
    """Collects lines; the constant parts of a histogram's lines are cached between scrapes."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._templates: dict[tuple[str, Values], str] = {}
        self._fresh: dict[tuple[str, Values], str] = {}

    def family(self, family: MetricFamily, samples: Iterable[tuple[Values, Number]]) -> None:
        """Write a counter or gauge with its samples by label values."""
        self._parts.append(head(family))
        for values, number in samples:
            self._parts.append(f"{family.name}{labels(family.labels, values)} {number}\n")

    def histograms(
        self, family: MetricFamily, samples: Iterable[tuple[Values, MetricHistogram]], *, empty: bool = False
    ) -> None:
        """Write a histogram by label values; `empty` shows those without observations."""
        self._parts.append(head(family))
        for values, one in samples:
            up_to = one.up_to
            if empty or up_to[-1]:
                self._parts.append(self._template(family, values) % (*up_to, one.total, up_to[-1]))

    def text(self) -> bytes:
        """Return the page. Drops the templates of series that are not on it."""
        page = "".join(self._parts).encode(errors="replace")
        self._parts, self._templates, self._fresh = [], self._fresh, {}
        return page

    def _template(self, family: MetricFamily, values: Values) -> str:
        key = (family.name, values)
        found = self._fresh[key] = self._templates.get(key) or template(family, values)
        return found


def head(family: MetricFamily) -> str:
    """Return its HELP and TYPE lines."""
    text = family.text.replace("\\", r"\\").replace("\n", r"\n")
    return f"# HELP {family.name} {text}\n# TYPE {family.name} {family.kind}\n"


def labels(names: Sequence[str], values: Values) -> str:
    """Format labels in braces; empty without any."""
    if not names:
        return ""
    return "{" + ",".join(f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True)) + "}"


def escaped(value: str) -> str:
    """Escape backslash, quote and end of line in a label value."""
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return value


def template(family: MetricFamily, values: Values) -> str:
    """Return all lines of one histogram, with placeholders for its numbers."""
    bounds = (*(f"{bound:{family.bound_format}}" for bound in family.bounds), "+Inf")
    names = (*family.labels, "le")
    lines = [f"{family.name}_bucket{labels(names, (*values, bound))}".replace("%", "%%") + " %d\n" for bound in bounds]
    kept = labels(family.labels, values).replace("%", "%%")
    return "".join(lines) + f"{family.name}_sum{kept} %r\n{family.name}_count{kept} %d\n"

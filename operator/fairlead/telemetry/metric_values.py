"""The values of a table of families, counted by label values, and their page.

For the operator and the autoscaler, which count some hundred things a second; a router counts in its own attributes.
"""

from collections.abc import Sequence

from fairlead.telemetry.exposition import ExpositionWriter, Values
from fairlead.telemetry.histogram import MetricHistogram
from fairlead.telemetry.metric_family import MetricFamily, MetricType


class MetricValues:
    """The page of one process; a family without labels is shown from the start, others from their first value or from
    `begin`."""

    def __init__(self, families: Sequence[MetricFamily]) -> None:
        self._families = families
        self._numbers: dict[str, dict[Values, float]] = {
            one.name: {} if one.labels else {(): 0.0} for one in families if one.kind is not MetricType.HISTOGRAM
        }
        self._histograms: dict[str, dict[Values, MetricHistogram]] = {
            one.name: {} if one.labels else {(): MetricHistogram(one.bounds)}
            for one in families
            if one.kind is MetricType.HISTOGRAM
        }
        self._writer = ExpositionWriter()

    def add(self, family: MetricFamily, *labels: str) -> None:
        """Raise a counter by one."""
        numbers = self._numbers[family.name]
        numbers[labels] = numbers.get(labels, 0.0) + 1.0

    def begin(self, family: MetricFamily, *labels: str) -> None:
        """Show a counter at zero before the first event, which queries would otherwise not see as an increase."""
        self._numbers[family.name].setdefault(labels, 0.0)

    def set(self, family: MetricFamily, value: float, *labels: str) -> None:
        """Set a gauge, or a counter that is kept elsewhere."""
        self._numbers[family.name][labels] = float(value)

    def observe(self, family: MetricFamily, value: float, *labels: str) -> None:
        """Count a value of a histogram."""
        histograms = self._histograms[family.name]
        if labels not in histograms:
            histograms[labels] = MetricHistogram(family.bounds)
        histograms[labels].observe(value)

    def clear(self, *families: MetricFamily) -> None:
        """Drop all values of these families, so that values not set again leave the page."""
        for family in families:
            self._numbers[family.name].clear()

    def page(self) -> bytes:
        """Render all families in the table's order, each sorted by label values."""
        for one in self._families:
            if one.kind is MetricType.HISTOGRAM:
                self._writer.histograms(one, sorted(self._histograms[one.name].items()), empty=True)
            else:
                self._writer.family(one, sorted(self._numbers[one.name].items()))
        return self._writer.text()

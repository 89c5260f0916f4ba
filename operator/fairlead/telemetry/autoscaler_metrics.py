"""The autoscaler's own metrics for Prometheus; the only place that knows these names.

Values of deployments are those of the last decision and go with the deployment. So that the page stays small, only so
many deployments are shown by name; sums and counters hold all of them. Never read to decide anything.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

PREFIX: Final = "fairlead_autoscaler"
MOST_SHOWN: Final = 500
"""Deployments that are shown by name, in the order of their names."""
QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)
"""Buckets for the seconds of one decision; the design is half a millisecond for ten pods, twenty for five hundred."""


class MetricType(StrEnum):
    """The Prometheus type of a family."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricFamily:
    """One metric."""

    name: str
    kind: MetricType
    text: str
    labels: tuple[str, ...] = ()


OF_ONE: Final = ("namespace", "name")
FAMILIES: Final = (
    MetricFamily(name="deployments", kind=MetricType.GAUGE, text="Deployments that this process decides."),
    MetricFamily(
        name="recommended",
        kind=MetricType.GAUGE,
        text="Replicas recommended last; in mode Recommend nothing follows it.",
        labels=OF_ONE,
    ),
    MetricFamily(name="wanted", kind=MetricType.GAUGE, text="Replicas asked for before that decision.", labels=OF_ONE),
    MetricFamily(name="asleep", kind=MetricType.GAUGE, text="Replicas that are to sleep beside them.", labels=OF_ONE),
    MetricFamily(
        name="pods",
        kind=MetricType.GAUGE,
        text="Engine pods by phase: pending, unplaceable, starting, ready, stuck, asleep, draining, dead.",
        labels=(*OF_ONE, "phase"),
    ),
    MetricFamily(
        name="candidate",
        kind=MetricType.GAUGE,
        text="Replicas that each signal asks for; absent while it asks for none.",
        labels=(*OF_ONE, "signal"),
    ),
    MetricFamily(
        name="figure",
        kind=MetricType.GAUGE,
        text="Demand, supply, forecast, cold start: the figures of the last decision by their stable names.",
        labels=(*OF_ONE, "figure"),
    ),
    MetricFamily(
        name="doubts", kind=MetricType.GAUGE, text="Pods and routers without reliable metrics.", labels=OF_ONE
    ),
    MetricFamily(
        name="figures_age_seconds",
        kind=MetricType.GAUGE,
        text="Age of the oldest metrics of a ready pod that the last decision used.",
        labels=OF_ONE,
    ),
    MetricFamily(name="decisions_total", kind=MetricType.COUNTER, text="Decisions, by reason.", labels=("reason",)),
    MetricFamily(
        name="changes_total",
        kind=MetricType.COUNTER,
        text="Decisions that asked for more or for fewer replicas.",
        labels=("direction",),
    ),
    MetricFamily(name="decision_seconds", kind=MetricType.HISTOGRAM, text="How long one decision takes to compute."),
    MetricFamily(
        name="failed_decisions_total",
        kind=MetricType.COUNTER,
        text="Decisions that ended in an exception, which is a bug; see the log.",
    ),
    MetricFamily(
        name="writes_total",
        kind=MetricType.COUNTER,
        text="Writes of status: done, failed, or contested when somebody else had overwritten ours.",
        labels=("outcome",),
    ),
    MetricFamily(name="looks_total", kind=MetricType.COUNTER, text="Scrapes of engines and routers."),
    MetricFamily(
        name="failed_looks_total",
        kind=MetricType.COUNTER,
        text="Scrapes without reliable metrics, by reason.",
        labels=("doubt",),
    ),
    MetricFamily(
        name="late_looks_total",
        kind=MetricType.COUNTER,
        text="Scrapes that began more than one interval late: the process has too many pods.",
    ),
    MetricFamily(
        name="looks_connections_total", kind=MetricType.COUNTER, text="Connections opened to pods; they stay open."
    ),
    MetricFamily(name="looks_bytes_total", kind=MetricType.COUNTER, text="Bytes of the pages that pods answered with."),
    MetricFamily(name="round_lag_seconds", kind=MetricType.GAUGE, text="How late the last round of decisions began."),
    MetricFamily(name="round_seconds", kind=MetricType.GAUGE, text="How long the last round of decisions took."),
    MetricFamily(
        name="members",
        kind=MetricType.GAUGE,
        text="Autoscaler processes that share the deployments, this one included.",
    ),
    MetricFamily(
        name="records_dropped_total",
        kind=MetricType.COUNTER,
        text="Decision records dropped since the disk was too slow.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMetrics:
    """One deployment's last decision, as far as metrics show it."""

    namespace: str
    name: str
    recommended: int
    wanted: int
    asleep: int
    doubts: int
    age_seconds: float | None
    phases: Mapping[str, int]
    candidates: Mapping[str, int]
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeTotals:
    """Counters of all scrapes of pods since the process started."""

    looks: int = 0
    failures: Mapping[str, int] | None = None
    late: int = 0
    connections: int = 0
    bytes_read: int = 0
    dropped: int = 0
    """Decision records that were not written."""
    members: int = 1


class AutoscalerMetrics:
    """Counters grow as things happen; the page shows their values at the moment of a scrape."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        self._counts: dict[str, Tally[str]] = {
            one.name: Tally() for one in FAMILIES if one.kind is MetricType.COUNTER and one.labels
        }
        self._bugs = 0
        self._seconds = [0] * (len(QUICK) + 1)
        self._total_seconds = 0.0
        self._lag = self._round = 0.0

    def decided(self, reason: str, change: int, seconds: float) -> None:
        """Count one decision, its direction and how long it took."""
        self._counts["decisions_total"][reason] += 1
        if change:
            self._counts["changes_total"]["up" if change > 0 else "down"] += 1
        self._seconds[next((place for place, bound in enumerate(QUICK) if seconds <= bound), len(QUICK))] += 1
        self._total_seconds += seconds

    def failed(self) -> None:
        """Count one decision that raised."""
        self._bugs += 1

    def wrote(self, outcome: str) -> None:
        """Count one write of a status: done, failed, or contested because another writer had overwritten ours."""
        self._counts["writes_total"][outcome] += 1

    def went_round(self, lag: float, seconds: float) -> None:
        """Note how late a round of decisions began and how long it took."""
        self._lag, self._round = lag, seconds

    def page(self, decided: Iterable[DecisionMetrics], looks: ScrapeTotals) -> bytes:
        """The metrics page in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(
            _FamilyCollector(lambda: self._families(sorted(decided, key=lambda one: (one.namespace, one.name)), looks))
        )
        return prometheus_client.generate_latest(registry)

    def _families(self, decided: list[DecisionMetrics], looks: ScrapeTotals) -> Iterator[Metric]:
        shown = decided[:MOST_SHOWN]
        failures = {str(doubt): float(count) for doubt, count in (looks.failures or {}).items()}
        plain: Mapping[str, float] = {
            "deployments": len(decided),
            "round_lag_seconds": self._lag,
            "round_seconds": self._round,
            "members": looks.members,
            "failed_decisions_total": self._bugs,
            "looks_total": looks.looks,
            "late_looks_total": looks.late,
            "looks_connections_total": looks.connections,
            "looks_bytes_total": looks.bytes_read,
            "records_dropped_total": looks.dropped,
        }
        counted = self._counts | {"failed_looks_total": failures}
        for family in FAMILIES:
            if family.kind is MetricType.HISTOGRAM:
                yield self._histogram(family)
            elif family.labels[:2] == OF_ONE:
                yield _metric(family, (one for each in shown for one in _SHOWN[family.name](each)))
            elif family.labels:
                yield _metric(
                    family, (((label,), float(value)) for label, value in sorted(counted[family.name].items()))
                )
            else:
                yield _metric(family, [((), plain[family.name])])

    def _histogram(self, family: MetricFamily) -> Metric:
        running, buckets = 0, []
        for bound, count in zip((*QUICK, float("inf")), self._seconds, strict=True):
            running += count
            buckets.append(("+Inf" if bound == float("inf") else f"{bound:g}", float(running)))
        return HistogramMetricFamily(f"{PREFIX}_{family.name}", family.text, buckets, self._total_seconds)


LabelledValue = tuple[tuple[str, ...], float]


def _of(figure: Callable[[DecisionMetrics], float | None]) -> Callable[[DecisionMetrics], Iterator[LabelledValue]]:
    def samples(one: DecisionMetrics) -> Iterator[LabelledValue]:
        found = figure(one)
        if found is not None:
            yield (one.namespace, one.name), float(found)

    return samples


def _each(
    figures: Callable[[DecisionMetrics], Mapping[str, float]],
) -> Callable[[DecisionMetrics], Iterator[LabelledValue]]:
    def samples(one: DecisionMetrics) -> Iterator[LabelledValue]:
        for label, value in sorted(figures(one).items()):
            yield (one.namespace, one.name, label), float(value)

    return samples


_SHOWN: Final[Mapping[str, Callable[[DecisionMetrics], Iterator[LabelledValue]]]] = {
    "recommended": _of(lambda one: one.recommended),
    "wanted": _of(lambda one: one.wanted),
    "asleep": _of(lambda one: one.asleep),
    "doubts": _of(lambda one: one.doubts),
    "figures_age_seconds": _of(lambda one: one.age_seconds),
    "pods": _each(lambda one: one.phases),
    "candidate": _each(lambda one: one.candidates),
    "figure": _each(lambda one: one.figures),
}


def _metric(family: MetricFamily, samples: Iterable[LabelledValue]) -> Metric:
    name = f"{PREFIX}_{family.name}"
    if family.kind is MetricType.COUNTER:
        found: Metric = CounterMetricFamily(name.removesuffix("_total"), family.text, labels=family.labels)
    else:
        found = GaugeMetricFamily(name, family.text, labels=family.labels)
    for labels, value in samples:
        found.add_metric(labels, value)  # type: ignore[attr-defined]  # both kinds have it
    return found


class _FamilyCollector:
    """The collector that a registry reads its families from."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """All families."""
        return self._families()

    def describe(self) -> tuple[Metric, ...]:
        """Nothing: a registry with a single collector need not check for duplicate names."""
        return ()

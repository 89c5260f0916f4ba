"""What the autoscaler tells of itself to Prometheus; the only place that knows these names.

Figures of deployments are those of the last decision and go with the deployment. So that the page stays small, only
so many deployments are shown by name; sums and counters hold all of them. Never read to decide anything.
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
"""Deployments by name, in the order of their names."""
QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)
"""Seconds of one decision: half a millisecond for ten pods is meant, twenty for five hundred."""


class Kind(StrEnum):
    """What a family is."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric."""

    name: str
    kind: Kind
    text: str
    labels: tuple[str, ...] = ()


OF_ONE: Final = ("namespace", "name")
FAMILIES: Final = (
    Family(name="deployments", kind=Kind.GAUGE, text="Deployments that this process decides."),
    Family(
        name="recommended",
        kind=Kind.GAUGE,
        text="Replicas recommended last; in mode Recommend nothing follows it.",
        labels=OF_ONE,
    ),
    Family(name="wanted", kind=Kind.GAUGE, text="Replicas asked for before that decision.", labels=OF_ONE),
    Family(name="asleep", kind=Kind.GAUGE, text="Replicas that are to sleep beside them.", labels=OF_ONE),
    Family(
        name="pods",
        kind=Kind.GAUGE,
        text="Engine pods by phase: pending, unplaceable, starting, ready, stuck, asleep, draining, dead.",
        labels=(*OF_ONE, "phase"),
    ),
    Family(
        name="candidate",
        kind=Kind.GAUGE,
        text="Replicas that each signal asks for; absent while it asks for none.",
        labels=(*OF_ONE, "signal"),
    ),
    Family(
        name="figure",
        kind=Kind.GAUGE,
        text="Demand, supply, forecast, cold start: the figures of the last decision by their stable names.",
        labels=(*OF_ONE, "figure"),
    ),
    Family(name="doubts", kind=Kind.GAUGE, text="Pods and routers without reliable metrics.", labels=OF_ONE),
    Family(
        name="figures_age_seconds",
        kind=Kind.GAUGE,
        text="Age of the oldest metrics of a ready pod that the last decision used.",
        labels=OF_ONE,
    ),
    Family(name="decisions_total", kind=Kind.COUNTER, text="Decisions, by reason.", labels=("reason",)),
    Family(
        name="changes_total",
        kind=Kind.COUNTER,
        text="Decisions that asked for more or for fewer replicas.",
        labels=("direction",),
    ),
    Family(name="decision_seconds", kind=Kind.HISTOGRAM, text="How long one decision takes to compute."),
    Family(
        name="failed_decisions_total",
        kind=Kind.COUNTER,
        text="Decisions that ended in an exception, which is a bug; see the log.",
    ),
    Family(
        name="writes_total",
        kind=Kind.COUNTER,
        text="Writes of status: done, failed, or contested when somebody else had overwritten ours.",
        labels=("outcome",),
    ),
    Family(name="looks_total", kind=Kind.COUNTER, text="Scrapes of engines and routers."),
    Family(
        name="failed_looks_total",
        kind=Kind.COUNTER,
        text="Scrapes without reliable metrics, by reason.",
        labels=("doubt",),
    ),
    Family(
        name="late_looks_total",
        kind=Kind.COUNTER,
        text="Scrapes that began more than one interval late: the process has too many pods.",
    ),
    Family(name="looks_connections_total", kind=Kind.COUNTER, text="Connections opened to pods; they stay open."),
    Family(name="looks_bytes_total", kind=Kind.COUNTER, text="Bytes of the pages that pods answered with."),
    Family(name="round_lag_seconds", kind=Kind.GAUGE, text="How late the last round of decisions began."),
    Family(name="round_seconds", kind=Kind.GAUGE, text="How long the last round of decisions took."),
    Family(name="members", kind=Kind.GAUGE, text="Autoscaler processes that share the deployments, this one included."),
    Family(
        name="records_dropped_total", kind=Kind.COUNTER, text="Decision records dropped since the disk was too slow."
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One deployment's last decision, as far as metrics tell it."""

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
class Looks:
    """What looking at pods came to, since the start."""

    looks: int = 0
    failures: Mapping[str, int] | None = None
    late: int = 0
    connections: int = 0
    bytes_read: int = 0
    dropped: int = 0
    """Records that were not written."""
    members: int = 1


class AutoscalerMetrics:
    """Counted as it happens, and shown as of the moment somebody asks."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        self._counts: dict[str, Tally[str]] = {
            one.name: Tally() for one in FAMILIES if one.kind is Kind.COUNTER and one.labels
        }
        self._bugs = 0
        self._seconds = [0] * (len(QUICK) + 1)
        self._total_seconds = 0.0
        self._lag = self._round = 0.0

    def decided(self, reason: str, change: int, seconds: float) -> None:
        """One decision was taken."""
        self._counts["decisions_total"][reason] += 1
        if change:
            self._counts["changes_total"]["up" if change > 0 else "down"] += 1
        self._seconds[next((place for place, bound in enumerate(QUICK) if seconds <= bound), len(QUICK))] += 1
        self._total_seconds += seconds

    def failed(self) -> None:
        """One decision raised."""
        self._bugs += 1

    def wrote(self, outcome: str) -> None:
        """A status was written, or could not be, or was somebody else's in between."""
        self._counts["writes_total"][outcome] += 1

    def went_round(self, lag: float, seconds: float) -> None:
        """A round of decisions ended."""
        self._lag, self._round = lag, seconds

    def page(self, decided: Iterable[Decided], looks: Looks) -> bytes:
        """The page in the text format."""
        registry = CollectorRegistry()
        registry.register(
            _Shown(lambda: self._families(sorted(decided, key=lambda one: (one.namespace, one.name)), looks))
        )
        return prometheus_client.generate_latest(registry)

    def _families(self, decided: list[Decided], looks: Looks) -> Iterator[Metric]:
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
            if family.kind is Kind.HISTOGRAM:
                yield self._histogram(family)
            elif family.labels[:2] == OF_ONE:
                yield _metric(family, (one for each in shown for one in _SHOWN[family.name](each)))
            elif family.labels:
                yield _metric(
                    family, (((label,), float(value)) for label, value in sorted(counted[family.name].items()))
                )
            else:
                yield _metric(family, [((), plain[family.name])])

    def _histogram(self, family: Family) -> Metric:
        running, buckets = 0, []
        for bound, count in zip((*QUICK, float("inf")), self._seconds, strict=True):
            running += count
            buckets.append(("+Inf" if bound == float("inf") else f"{bound:g}", float(running)))
        return HistogramMetricFamily(f"{PREFIX}_{family.name}", family.text, buckets, self._total_seconds)


Sample = tuple[tuple[str, ...], float]


def _of(figure: Callable[[Decided], float | None]) -> Callable[[Decided], Iterator[Sample]]:
    def samples(one: Decided) -> Iterator[Sample]:
        found = figure(one)
        if found is not None:
            yield (one.namespace, one.name), float(found)

    return samples


def _each(figures: Callable[[Decided], Mapping[str, float]]) -> Callable[[Decided], Iterator[Sample]]:
    def samples(one: Decided) -> Iterator[Sample]:
        for label, value in sorted(figures(one).items()):
            yield (one.namespace, one.name, label), float(value)

    return samples


_SHOWN: Final[Mapping[str, Callable[[Decided], Iterator[Sample]]]] = {
    "recommended": _of(lambda one: one.recommended),
    "wanted": _of(lambda one: one.wanted),
    "asleep": _of(lambda one: one.asleep),
    "doubts": _of(lambda one: one.doubts),
    "figures_age_seconds": _of(lambda one: one.age_seconds),
    "pods": _each(lambda one: one.phases),
    "candidate": _each(lambda one: one.candidates),
    "figure": _each(lambda one: one.figures),
}


def _metric(family: Family, samples: Iterable[Sample]) -> Metric:
    name = f"{PREFIX}_{family.name}"
    if family.kind is Kind.COUNTER:
        found: Metric = CounterMetricFamily(name.removesuffix("_total"), family.text, labels=family.labels)
    else:
        found = GaugeMetricFamily(name, family.text, labels=family.labels)
    for labels, value in samples:
        found.add_metric(labels, value)  # type: ignore[attr-defined]  # both kinds have it
    return found


class _Shown:
    """What a registry asks for its families."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """All of them."""
        return self._families()

    def describe(self) -> tuple[Metric, ...]:
        """Nothing: a registry of one need not look for clashes."""
        return ()

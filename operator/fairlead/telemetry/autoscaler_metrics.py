"""The autoscaler's own metrics for Prometheus; the only place that knows these names.

Values of deployments are those of the last decision and go with the deployment. What alerts and recording rules read is
shown for every deployment; to keep the page small, signals and figures only for some. Never read to decide anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.telemetry import router_families
from fairlead.telemetry.metric_family import MetricFamily, MetricPrefix, families_of
from fairlead.telemetry.metric_values import MetricValues

_OURS: Final = MetricPrefix("fairlead_autoscaler_")
MAX_SHOWN: Final = 500
"""Deployments whose signals and figures are shown, in the order of their names: they are two thirds of the page."""
QUICK: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1.0)
"""Buckets for the seconds of one decision; designed for half a millisecond at ten pods, twenty at five hundred."""

OF_ONE: Final = ("namespace", "name")
DEPLOYMENTS: Final = _OURS.gauge("deployments", "Deployments that this process decides for.")
RECOMMENDED: Final = _OURS.gauge(
    "recommended_replicas", "Replicas recommended last; in mode Recommend they are not applied.", *OF_ONE
)
ACTIVE: Final = _OURS.gauge("active", "1 while decisions are followed; 0 in mode Recommend.", *OF_ONE)
DESIRED: Final = _OURS.gauge("desired_replicas", "Replicas that were desired when the last decision was made.", *OF_ONE)
ASLEEP: Final = _OURS.gauge("asleep", "Replicas to keep asleep, besides the recommended ones.", *OF_ONE)
PODS: Final = _OURS.gauge(
    "pods",
    "Engine pods by phase: pending, pulling, unplaceable, starting, ready, hung, asleep, draining, dead.",
    *OF_ONE,
    "phase",
)
NEEDED: Final = _OURS.gauge(
    "needed_replicas", "Replicas that each signal asks for; absent while it asks for none.", *OF_ONE, "signal"
)
FIGURE: Final = _OURS.gauge(
    "figure",
    "Demand, supply, forecast, cold start: the figures of the last decision by their stable names.",
    *OF_ONE,
    "figure",
)
NEWEST_READY: Final = _OURS.gauge(
    "newest_ready_timestamp_seconds", "When a replica last became ready, of those that exist; absent while none has.",
    *OF_ONE,
)  # fmt: skip
WITHOUT_METRICS: Final = _OURS.gauge(
    "pods_without_metrics", "Engine and router pods without reliable metrics.", *OF_ONE
)
SAMPLE_AGE: Final = _OURS.gauge(
    "sample_age_seconds", "Age of the oldest metrics of a ready pod that the last decision used.", *OF_ONE
)
REASON: Final = _OURS.gauge("reason", "1 for the reason of the last decision.", *OF_ONE, "reason")
PRICE: Final = _OURS.gauge("replica_price_per_hour", "Price of one replica an hour; absent while unknown.", *OF_ONE)
OBJECTIVE: Final = _OURS.gauge(
    "objective_seconds",
    "The policy's latency objectives; bound: the bucket of the router's histogram that holds it, as Prometheus writes "
    "it.",
    *OF_ONE,
    "objective",
    "bound",
)
DECISIONS: Final = _OURS.counter("decisions", "Decisions, by reason.", "reason")
CHANGES: Final = _OURS.counter("changes", "Decisions that asked for more or for fewer replicas.", "direction")
DECISION_SECONDS: Final = _OURS.histogram("decision_seconds", "How long one decision takes to compute.", QUICK)
FAILED: Final = _OURS.counter("failed_decisions", "Decisions that ended in an exception, which is a bug; see the log.")
WRITES: Final = _OURS.counter(
    "writes", "Writes of status: done, failed, or contested when another client had overwritten ours.", "outcome"
)
SCRAPES: Final = _OURS.counter("scrapes", "Scrapes of engines and routers.")
SCRAPE_FAILURES: Final = _OURS.counter("scrape_failures", "Scrapes without reliable metrics, by reason.", "reason")
LATE_SCRAPES: Final = _OURS.counter(
    "late_scrapes", "Scrapes that began more than one interval late: the process has too many pods."
)
CONNECTIONS: Final = _OURS.counter("scrape_connections", "Connections opened to pods; they stay open.")
BYTES: Final = _OURS.counter("scrape_bytes", "Bytes of the pages that pods answered with.")
ROUND_LAG: Final = _OURS.gauge("round_lag_seconds", "How late the last round of decisions began.")
ROUND_SECONDS: Final = _OURS.gauge("round_seconds", "How long the last round of decisions took.")
MEMBERS: Final = _OURS.gauge("members", "Autoscaler processes that share the deployments, this one included.")
DROPPED: Final = _OURS.counter("records_dropped", "Decision records dropped because the disk was too slow.")

FAMILIES: Final = families_of(globals().values())
_OF_DEPLOYMENTS: Final = tuple(one for one in FAMILIES if one.labels[:2] == OF_ONE)
JUDGED: Final = {
    "ttftP95": router_families.FIRST_TOKEN,
    "tpotP95": router_families.PER_TOKEN,
    "queueTimeP95": router_families.QUEUED,
}
"""The router's histogram that shows whether an objective is met, by the objective's name in a policy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMetrics:
    """One deployment's last decision, as far as metrics show it."""

    namespace: str
    name: str
    active: bool
    """Whether decisions are followed."""
    recommended: int
    wanted: int
    asleep: int
    doubts: int
    reason: str
    age_seconds: float | None
    price_per_hour: float | None
    """Price of one replica."""
    newest_ready_at: float | None
    """When a replica last became ready, in seconds since the epoch."""
    objectives: Mapping[str, float]
    """Seconds, by the names of `JUDGED`."""
    phases: Mapping[str, int]
    candidates: Mapping[str, int]
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScrapeTotals:
    """Counters of all scrapes of pods since the process started."""

    scrapes: int = 0
    failures: Mapping[str, int] | None = None
    late: int = 0
    connections: int = 0
    bytes_read: int = 0
    dropped: int = 0
    """Decision records that were not written."""
    members: int = 1


class AutoscalerMetrics:
    """Counters grow with each occurrence; the page shows their values at the time of a scrape."""

    def __init__(self) -> None:
        self._values = MetricValues(FAMILIES)

    def decided(self, reason: str, change: int, seconds: float) -> None:
        """Count one decision, with its direction and duration."""
        self._values.add(DECISIONS, reason)
        if change:
            self._values.add(CHANGES, "up" if change > 0 else "down")
        self._values.observe(DECISION_SECONDS, seconds)

    def failed(self) -> None:
        """Count one decision that raised."""
        self._values.add(FAILED)

    def wrote(self, outcome: str) -> None:
        """Count one write of a status: done, failed, or contested because another writer had overwritten ours."""
        self._values.add(WRITES, outcome)

    def went_round(self, lag: float, seconds: float) -> None:
        """Record how late a round of decisions began and how long it took."""
        self._values.set(ROUND_LAG, lag)
        self._values.set(ROUND_SECONDS, seconds)

    def page(self, decided: Iterable[DecisionMetrics], totals: ScrapeTotals) -> bytes:
        """Render the metrics page in Prometheus' text format."""
        every, put = sorted(decided, key=lambda one: (one.namespace, one.name)), self._values.set
        put(DEPLOYMENTS, len(every))
        self._values.clear(SCRAPE_FAILURES, *_OF_DEPLOYMENTS)
        for place, one in enumerate(every):
            self._put(one)
            if place < MAX_SHOWN:
                self._put_all(one, (NEEDED, one.candidates), (FIGURE, one.figures))
        put(SCRAPES, totals.scrapes)
        for problem, count in (totals.failures or {}).items():
            put(SCRAPE_FAILURES, count, str(problem))
        put(LATE_SCRAPES, totals.late)
        put(CONNECTIONS, totals.connections)
        put(BYTES, totals.bytes_read)
        put(MEMBERS, totals.members)
        put(DROPPED, totals.dropped)
        return self._values.page()

    def _put(self, one: DecisionMetrics) -> None:
        put, where = self._values.set, (one.namespace, one.name)
        put(RECOMMENDED, one.recommended, *where)
        put(ACTIVE, int(one.active), *where)
        put(DESIRED, one.wanted, *where)
        put(ASLEEP, one.asleep, *where)
        put(WITHOUT_METRICS, one.doubts, *where)
        put(REASON, 1, *where, one.reason)
        for family, value in (
            (SAMPLE_AGE, one.age_seconds),
            (PRICE, one.price_per_hour),
            (NEWEST_READY, one.newest_ready_at),
        ):
            if value is not None:
                put(family, value, *where)
        for objective, seconds in one.objectives.items():
            put(OBJECTIVE, seconds, *where, objective, bound_of(JUDGED[objective], seconds))
        self._put_all(one, (PODS, one.phases))

    def _put_all(self, one: DecisionMetrics, *shown: tuple[MetricFamily, Mapping[str, float]]) -> None:
        for family, figures in shown:
            for label, value in figures.items():
                self._values.set(family, value, one.namespace, one.name, label)


def bound_of(family: MetricFamily, seconds: float) -> str:
    """Return the bucket of this value: the lowest bound that is not below it, as Prometheus writes bounds."""
    return next((str(float(bound)) for bound in family.bounds if bound >= seconds), "+Inf")

"""The operator's own metrics for Prometheus; the only place that knows these names.

Labels come from closed sets, so that the page does not grow with the cluster: kinds, verbs, statuses, reasons, never
names of objects. Never read to decide anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
PREFIX: Final = "fairlead_operator"

QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets in seconds: a request or an admission review."""
SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Buckets in seconds: a reconcile, which makes several requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InformerHealth:
    """How current the informer of one kind is."""

    resource: str
    age_seconds: float
    relists: int
    objects: int


class OperatorMetrics:
    """The page of one process, with a registry of its own."""

    def __init__(self) -> None:
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # the library's
        self.registry = CollectorRegistry()
        self._relisted: dict[str, int] = {}
        self._of_reconciles()
        self._of_the_api()
        self._of_this_process()

    def _of_reconciles(self) -> None:
        self._reconciles = self._counter("reconciles_total", "Reconciles, by how they ended.", "outcome")
        self._reconcile_seconds = self._histogram("reconcile_seconds", "How long a reconcile takes.", SLOW)
        self._depth = self._gauge("workqueue_depth", "Objects in the work queue: they wait to be reconciled.")
        self._oldest = self._gauge("workqueue_oldest_seconds", "Wait of the oldest object in the work queue.")
        self._success = self._gauge("last_success_timestamp_seconds", "When a reconcile last succeeded.")
        self._writes = self._counter(
            "writes_at_rest_total",
            "Writes to an object at rest: two writers, or a difference that never goes away.",
            "resource",
        )
        self._conditions = self._gauge(
            "objects", "Objects by kind, condition and its status.", "kind", "condition", "status"
        )

    def _of_the_api(self) -> None:
        requested = "Requests to the API server; code 0: no answer."
        self._requests = self._counter("api_requests_total", requested, "verb", "resource", "code")
        self._request_seconds = self._histogram(
            "api_request_seconds", "How long a request to the API server takes.", QUICK, "verb"
        )
        self._age = self._gauge(
            "watch_age_seconds", "Seconds since a watch last delivered anything, bookmarks included.", "resource"
        )
        self._relists = self._counter(
            "relists_total", "How often a kind was listed anew after its watch broke.", "resource"
        )
        self._objects = self._gauge("store_objects", "Objects held in memory.", "resource")

    def _of_this_process(self) -> None:
        self._leader = self._gauge("leader", "1 while this process leads.")
        self._reviews = self._counter("admission_reviews_total", "Admission reviews.", "allowed")
        self._review_seconds = self._histogram("admission_seconds", "How long a review takes.", QUICK)
        self._certificate = self._gauge("certificate_days_left", "Days until the webhook's certificate expires.")
        self._events = self._counter("events_total", "Events, sent or dropped by the rate limit.", "fate")

    def asked(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Count one request to the API server; the signature is that of an observer of `ApiServer`."""
        self._requests.labels(verb, resource, str(code)).inc()
        if verb != "watch":
            self._request_seconds.labels(verb).observe(seconds)

    def reconciled(self, outcome: str, seconds: float, now: float, *, well: bool) -> None:
        """One reconcile ended; `outcome` comes from a closed list."""
        self._reconciles.labels(outcome).inc()
        self._reconcile_seconds.observe(seconds)
        if well:
            self._success.set(now)

    def waiting(self, depth: int, oldest_seconds: float) -> None:
        """Set the work queue's depth and the age of its oldest object."""
        self._depth.set(depth)
        self._oldest.set(oldest_seconds)

    def wrote_at_rest(self, resource: str) -> None:
        """Count a write for an object that was at rest."""
        self._writes.labels(resource).inc()

    def follows(self, followed: Iterable[InformerHealth]) -> None:
        """Set age, resyncs and number of objects of each informer."""
        for one in followed:
            self._age.labels(one.resource).set(one.age_seconds)
            self._relists.labels(one.resource).inc(one.relists - self._relisted.get(one.resource, 0))
            self._relisted[one.resource] = one.relists
            self._objects.labels(one.resource).set(one.objects)

    def judged(self, counts: Mapping[tuple[str, str, str], int]) -> None:
        """Set the objects by kind, condition and status; a combination that is counted no more is dropped, and does not
        keep its last value."""
        self._conditions.clear()
        for (kind, condition, status), count in sorted(counts.items()):
            self._conditions.labels(kind, condition, status).set(count)

    def leads(self, leader: bool) -> None:
        """Set whether this process is the leader."""
        self._leader.set(leader)

    def reviewed(self, allowed: bool, seconds: float) -> None:
        """Count one admission review and how long it took."""
        self._reviews.labels("true" if allowed else "false").inc()
        self._review_seconds.observe(seconds)

    def certificate_lasts(self, days: float) -> None:
        """Set how many days the webhook's certificate is still valid."""
        self._certificate.set(days)

    def told(self, sent: bool) -> None:
        """Count one Event that was sent, or dropped."""
        self._events.labels("sent" if sent else "dropped").inc()

    def page(self) -> bytes:
        """The metrics page in Prometheus' text format."""
        return prometheus_client.generate_latest(self.registry)

    def _counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", help_text, labels, registry=self.registry)

    def _gauge(self, name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", help_text, labels, registry=self.registry)

    def _histogram(self, name: str, help_text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{PREFIX}_{name}", help_text, labels, buckets=buckets, registry=self.registry)

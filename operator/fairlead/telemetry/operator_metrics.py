"""The operator's own metrics for Prometheus; the only place that knows these names.

Labels come from closed sets, so that the page does not grow with the cluster: kinds, verbs, statuses, reasons, never
names of objects. Never read to decide anything.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.telemetry.metric_family import MetricPrefix, families_of
from fairlead.telemetry.metric_values import MetricValues

_OURS: Final = MetricPrefix("fairlead_operator_", bound_format="")

QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Buckets in seconds: a request or an admission review."""
SLOW: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Buckets in seconds: a reconcile, which makes several requests."""

RECONCILES: Final = _OURS.counter("reconciles", "Reconciles, by how they ended.", "outcome")
RECONCILE_SECONDS: Final = _OURS.histogram("reconcile_seconds", "How long a reconcile takes.", SLOW)
QUEUE_DEPTH: Final = _OURS.gauge("workqueue_depth", "Objects in the work queue: they wait to be reconciled.")
QUEUE_OLDEST: Final = _OURS.gauge(
    "workqueue_oldest_seconds", "Longest time that an object has waited to be reconciled or been in it."
)
LAST_SUCCESS: Final = _OURS.gauge("last_success_timestamp_seconds", "When a reconcile last succeeded.")
WRITES_AT_REST: Final = _OURS.counter(
    "writes_at_rest",
    "Writes to objects whose spec did not change: another client keeps changing them, or two operators write.",
    "resource",
)
OBJECTS: Final = _OURS.gauge(
    "objects", "Objects by kind, condition, its status and reason.", "kind", "condition", "status", "reason"
)
OLDEST_CONDITION: Final = _OURS.gauge(
    "oldest_condition_timestamp_seconds",
    "Earliest time, in seconds since 1970, since when an object has had this condition and status.",
    *("kind", "condition", "status", "reason"),
)
CANARIES: Final = _OURS.gauge(
    "canaries",
    "Canaries by phase, step from 1 and percent of the conversations that the new revision answers.",
    *("phase", "step", "share"),
)
CANARY_GATES: Final = _OURS.gauge(
    "canary_gates", "Gates at the steps that canaries are on, by what they say.", "gate", "verdict", "reason"
)
API_REQUESTS: Final = _OURS.counter(
    "api_requests", "Requests to the API server; code 0: no answer.", "verb", "resource", "code"
)
API_SECONDS: Final = _OURS.histogram(
    "api_request_seconds", "How long a request to the API server takes.", QUICK, "verb"
)
WATCH_AGE: Final = _OURS.gauge(
    "watch_age_seconds", "Seconds since a watch last delivered anything, bookmarks included.", "resource"
)
RELISTS: Final = _OURS.counter("relists", "How often a kind was listed again after its watch broke.", "resource")
STORE_OBJECTS: Final = _OURS.gauge("store_objects", "Objects held in memory.", "resource")
LEADER: Final = _OURS.gauge("leader", "1 while this process leads.")
REVIEWS: Final = _OURS.counter("admission_reviews", "Admission reviews.", "allowed")
REVIEW_SECONDS: Final = _OURS.histogram("admission_seconds", "How long a review takes.", QUICK)
CERTIFICATE_EXPIRATION: Final = _OURS.gauge(
    "certificate_expiration_timestamp_seconds",
    "When the webhook's certificate expires, Unix time; 0 while there is none.",
)
CERTIFICATE_VALIDITY: Final = _OURS.gauge(
    "certificate_validity_left", "Share of its validity that is left, from 1 down to 0; it is renewed at a third."
)
HUNG_REPLICAS: Final = _OURS.counter(
    "hung_replicas",
    "Replicas that hung, by outcome: Replaced, or MostHang, HourlyLimit or DeletionRefused, with which none was.",
    "outcome",
)
EVENTS: Final = _OURS.counter("events", "Events: sent, or dropped by the rate limit or the API server.", "outcome")

FAMILIES: Final = families_of(globals().values())


@dataclass(frozen=True, slots=True, kw_only=True)
class InformerHealth:
    """How current the informer of one kind is."""

    resource: str
    age_seconds: float
    relists: int
    objects: int


@dataclass(frozen=True, slots=True)
class ConditionCount:
    """The objects with one condition, status and reason."""

    objects: int
    oldest_at: float | None
    """The earliest time since which one of them has had the status, in seconds since the epoch; None if none says."""


class OperatorMetrics:
    """The values and the page of one process."""

    def __init__(self) -> None:
        self.values = MetricValues(FAMILIES)

    def api_request(self, verb: str, resource: str, code: int, seconds: float) -> None:
        """Count one request to the API server; has the signature of an observer of `ApiServer`."""
        self.values.add(API_REQUESTS, verb, resource, str(code))
        if verb != "watch":
            self.values.observe(API_SECONDS, seconds, verb)

    def reconciled(self, outcome: str, seconds: float, now: float, *, well: bool) -> None:
        """Count a reconcile that ended; `outcome` comes from a closed list."""
        self.values.add(RECONCILES, outcome)
        self.values.observe(RECONCILE_SECONDS, seconds)
        if well:
            self.values.set(LAST_SUCCESS, now)

    def waiting(self, depth: int, oldest_seconds: float) -> None:
        """Set the work queue's depth and the age of its oldest object."""
        self.values.set(QUEUE_DEPTH, depth)
        self.values.set(QUEUE_OLDEST, oldest_seconds)

    def wrote_at_rest(self, resource: str) -> None:
        """Count a write for an object that was at rest."""
        self.values.add(WRITES_AT_REST, resource)

    def replica_hung(self, outcome: str) -> None:
        """Count a replica that hung and was replaced, or why none was; `outcome` comes from a closed list."""
        self.values.add(HUNG_REPLICAS, outcome)

    def follows(self, followed: Iterable[InformerHealth]) -> None:
        """Set each informer's age, resyncs and number of objects; writes at rest begin at zero."""
        for one in followed:
            self.values.set(WATCH_AGE, one.age_seconds, one.resource)
            self.values.set(RELISTS, one.relists, one.resource)
            self.values.set(STORE_OBJECTS, one.objects, one.resource)
            self.values.begin(WRITES_AT_REST, one.resource)

    def set_conditions(self, conditions: Mapping[tuple[str, str, str, str], ConditionCount]) -> None:
        """Set the objects by kind, condition, status and reason; combinations that no longer occur are dropped and do
        not keep their last value."""
        self.values.clear(OBJECTS, OLDEST_CONDITION)
        for labels, one in conditions.items():
            self.values.set(OBJECTS, one.objects, *labels)
            if one.oldest_at is not None:
                self.values.set(OLDEST_CONDITION, one.oldest_at, *labels)

    def tries(self, canaries: Mapping[tuple[str, str, str], int], gates: Mapping[tuple[str, str, str], int]) -> None:
        """Set the canaries by phase, step and share, and their gates by name, verdict and reason."""
        for family, counts in ((CANARIES, canaries), (CANARY_GATES, gates)):
            self.values.clear(family)
            for labels, count in counts.items():
                self.values.set(family, count, *labels)

    def leads(self, leader: bool) -> None:
        """Set whether this process is the leader."""
        self.values.set(LEADER, leader)

    def reviewed(self, allowed: bool, seconds: float) -> None:
        """Count one admission review and its duration."""
        self.values.add(REVIEWS, "true" if allowed else "false")
        self.values.observe(REVIEW_SECONDS, seconds)

    def certificate_lasts(self, expires_at: float, share: float) -> None:
        """Set when the webhook's certificate expires, and the share of its validity that is left."""
        self.values.set(CERTIFICATE_EXPIRATION, expires_at)
        self.values.set(CERTIFICATE_VALIDITY, share)

    def event_published(self, sent: bool) -> None:
        """Count one Event that was sent or dropped."""
        self.values.add(EVENTS, "sent" if sent else "dropped")

    def page(self) -> bytes:
        """Render the metrics page in Prometheus' text format."""
        return self.values.page()

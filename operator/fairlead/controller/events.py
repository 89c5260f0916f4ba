"""Events for changed conditions and for steps of a rollout."""

from datetime import datetime
from typing import Final

from fairlead.cluster.interfaces import EventClient
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.hung_replicas import HungReplicaReason
from fairlead.process.event_publisher import EventPublisher
from fairlead.telemetry.event_recorder import EventType, NewEvent, reference
from fairlead.telemetry.operator_metrics import OperatorMetrics

EVENT_WHEN_FALSE: Final = frozenset({"Accepted", "Fits", "Scheduled", "Progressing"})
"""Conditions with an Event when they become False and when they recover; Ready covers the rest at the same time."""

STARTS: Final = frozenset({"NoneReady", "TooFew", "Probing", "RoutersNotReady", "RoutersSilent", "Starting"})
"""Reasons with which every deployment begins: not worth an Event."""


class ReconcileEvents:
    """Sends Events in the background."""

    def __init__(self, client: EventClient, instance: str, metrics: OperatorMetrics) -> None:
        self.publisher = EventPublisher(client, instance, metrics.event_published)
        self._wrote_at_rest = metrics.wrote_at_rest
        self._hung = metrics.replica_hung

    def transition(self, about: Manifest, condition: Manifest, at: datetime) -> None:
        """Record a condition's new status or reason."""
        if not is_news(condition, _before(about, condition["type"])):
            return
        kind = EventType.WARNING if condition["status"] == "False" else EventType.NORMAL
        note = f"{condition['type']} is {condition['status']}: {condition['message']}"
        self.publisher.send(
            NewEvent(owner=reference(about), reason=condition["reason"], action="Report", note=note, type=kind), at
        )

    def foreign_change(self, about: Manifest, resource: Resource, note: str, at: datetime) -> None:
        """Record that another client's change was put back: a write that is counted as one at rest."""
        self._wrote_at_rest(resource.title)
        news = NewEvent(owner=reference(about), reason="PutBack", action="Apply", note=note, type=EventType.WARNING)
        self.publisher.send(news, at)

    def set_at_admission(self, about: Manifest, note: str, at: datetime) -> None:
        """Record that admission sets fields of a child whenever it is written; nothing was written for it."""
        news = NewEvent(owner=reference(about), reason="SetAtAdmission", action="Apply", note=note)
        self.publisher.send(news, at)

    def deleted(self, about: Manifest, note: str, at: datetime) -> None:
        """Record another client's deletion of a pod; its ReplicaSet makes another, so the operator wrote nothing."""
        news = NewEvent(owner=reference(about), reason="Deleted", action="Report", note=note, type=EventType.WARNING)
        self.publisher.send(news, at)

    def hung(self, about: Manifest, reason: HungReplicaReason, note: str, at: datetime) -> None:
        """Record that a replica that hung was replaced, or why it was not, and count it."""
        self._hung(reason.value)
        action = "Delete" if reason is HungReplicaReason.REPLACED else "Report"
        news = NewEvent(owner=reference(about), reason=reason.value, action=action, note=note, type=EventType.WARNING)
        self.publisher.send(news, at)

    def step(self, about: Manifest, reason: str, note: str, at: datetime) -> None:
        """Record a new replica count, or a revision's creation, abandonment or removal."""
        self.publisher.send(NewEvent(owner=reference(about), reason=reason, action="Roll", note=note), at)


def is_news(condition: Manifest, before: Manifest) -> bool:
    """Whether a change is worth an Event: a new object gets Events only for problems, and when it serves."""
    status, kind = condition["status"], condition["type"]
    if kind == "Ready":
        turned = status != before.get("status") and "True" in (status, before.get("status"))
        return bool(turned or condition["reason"] not in {*STARTS, before.get("reason")})
    if kind not in EVENT_WHEN_FALSE:
        return False
    switched = ConditionReason.SPECULATION_OFF in {condition["reason"], before.get("reason")}
    return bool(status == "False" or before.get("status") == "False" or switched)


def _before(about: Manifest, kind: str) -> Manifest:
    conditions = (about.get("status") or {}).get("conditions") or ()
    return next((one for one in conditions if one.get("type") == kind), {})

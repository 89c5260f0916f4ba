"""Events for changed conditions and for steps, sent in the background: nothing waits for them or depends on them."""

import asyncio
import logging
from datetime import datetime
from typing import Final

from fairlead.cluster.api_errors import ApiError, RequestRefused
from fairlead.cluster.fencing import FencedApiServer, NotLeading
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.fleet.conditions import ConditionReason
from fairlead.telemetry.event_recorder import EventRecorder, EventType, NewEvent
from fairlead.telemetry.operator_metrics import OperatorMetrics

EVENT_WHEN_FALSE: Final = frozenset({"Accepted", "Fits", "Scheduled", "Progressing"})
"""Conditions with an Event when they become False and when they recover; Ready covers the rest at the same time."""

STARTS: Final = frozenset({"NoneReady", "TooFew", "Probing", "RoutersNotReady", "RoutersSilent", "Starting"})
"""Reasons with which every deployment begins: not worth an Event."""

log = logging.getLogger("fairlead.events")


class EventPublisher:
    """Sends Events in the background."""

    def __init__(self, server: FencedApiServer, instance: str, metrics: OperatorMetrics) -> None:
        self._recorder = EventRecorder(server.create, instance)
        self._told = metrics.told
        self._wrote_at_rest = metrics.wrote_at_rest
        self._tasks: set[asyncio.Task[None]] = set()

    def transition(self, about: Manifest, condition: Manifest, at: datetime) -> None:
        """A condition changed its status or its reason."""
        if not is_news(condition, _before(about, condition["type"])):
            return
        kind = EventType.WARNING if condition["status"] == "False" else EventType.NORMAL
        note = f"{condition['type']} is {condition['status']}: {condition['message']}"
        self._send(
            about,
            NewEvent(owner=reference(about), reason=condition["reason"], action="Report", note=note, type=kind),
            at,
        )

    def meddled(self, about: Manifest, resource: Resource, note: str, at: datetime) -> None:
        """Another client changed a child, and it was put back: a write that is counted as one at rest."""
        self._wrote_at_rest(resource.title)
        news = NewEvent(owner=reference(about), reason="PutBack", action="Apply", note=note, type=EventType.WARNING)
        self._send(about, news, at)

    def deleted(self, about: Manifest, note: str, at: datetime) -> None:
        """Another client deleted a pod; its ReplicaSet makes another, so the operator wrote nothing."""
        news = NewEvent(owner=reference(about), reason="Deleted", action="Report", note=note, type=EventType.WARNING)
        self._send(about, news, at)

    def step(self, about: Manifest, reason: str, note: str, at: datetime) -> None:
        """A replica count changed, or a revision was created, given up or removed."""
        self._send(about, NewEvent(owner=reference(about), reason=reason, action="Roll", note=note), at)

    def _send(self, about: Manifest, news: NewEvent, at: datetime) -> None:
        task = asyncio.create_task(self._sent(news, at), name=f"event {about['metadata']['name']}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _sent(self, news: NewEvent, at: datetime) -> None:
        try:
            self._told(sent=await self._recorder.tell(news, at))
        except (ApiError, NotLeading) as problem:
            self._told(sent=False)
            if not (isinstance(problem, RequestRefused) and problem.namespace_ends):
                log.warning("an Event could not be written: %s", problem)


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
    known = (about.get("status") or {}).get("conditions") or ()
    return next((one for one in known if one.get("type") == kind), {})


def reference(about: Manifest) -> Manifest:
    """The reference to the object that an Event is about."""
    metadata = about["metadata"]
    head = {name: metadata.get(name) for name in ("namespace", "name", "uid")}
    return {"apiVersion": about["apiVersion"], "kind": about["kind"], **head}

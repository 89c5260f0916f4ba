"""Recommendations as Events on their deployment: sent when the count or what bounds it changes; nothing waits for
them."""

import logging
from datetime import UTC, datetime
from typing import Final

from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.scaling_status import ScalingFields, count
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.fencing import NotLeading
from fairlead.cluster.interfaces import CreatingApiClient
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.plurals import formatted
from fairlead.fleet.policies import ScalingReason
from fairlead.telemetry.event_recorder import EventRecorder, EventType, NewEvent

WARNED_OF: Final = frozenset(
    one.value
    for one in (
        ScalingReason.FIGURES_MISSING,
        ScalingReason.NO_ROOM,
        ScalingReason.OVER_BUDGET,
        ScalingReason.NO_POLICY,
    )
)
"""Reasons that get an Event when they begin, even if the count stays: a person has to act on them."""

log = logging.getLogger("fairlead.events")


class ScalingEventPublisher:
    """Sends Events within the limits of the recorder."""

    def __init__(self, server: CreatingApiClient, instance: str) -> None:
        self._recorder = EventRecorder(server.create, instance)

    async def tell(self, case: ScalingCase, found: ScalingFields, before: ScalingFields, now: float) -> None:
        """Send an Event about the change between two recommendations, if it is worth one."""
        if (news := news_of(case, found, before)) is not None:
            await self._send(news, now)

    async def contested(self, document: Manifest, now: float) -> None:
        """Send a Warning when another process has overwritten our fields of status."""
        note = (
            "status.scaling was changed by somebody else and is put back: only the autoscaler writes it; "
            "to choose the number yourself, remove spec.scaling and set spec.replicas"
        )
        owner = _reference(document)
        await self._send(
            NewEvent(owner=owner, reason="PutBack", action="Recommend", note=note, type=EventType.WARNING), now
        )

    async def _send(self, news: NewEvent, now: float) -> None:
        try:
            await self._recorder.tell(news, datetime.fromtimestamp(now, UTC))
        except (ApiError, NotLeading) as problem:
            log.warning("an Event could not be sent: %s", problem)


def news_of(case: ScalingCase, found: ScalingFields, before: ScalingFields) -> NewEvent | None:
    """The Event of a change; None where the change is not worth one."""
    now = count(found)
    was = now if not before and not found.get("decisions") else count(before)
    warns = found["reason"] in WARNED_OF and found["reason"] != before.get("reason")
    if was == now and not warns:
        return None
    message = found["message"]
    counted = message if message.startswith(f"{formatted(now or 0)} replica") else f"{now}: {message}"
    moved = "stays at" if was in (now, None) else f"{was} to"
    would = "" if case.policy.active else "nothing is changed in mode Recommend: "
    return NewEvent(
        owner=_reference(case.document),
        reason=found["reason"],
        action="Recommend",
        note=f"{would}{moved} {counted}",
        type=EventType.WARNING if warns else EventType.NORMAL,
    )


def _reference(document: Manifest) -> Manifest:
    metadata = document["metadata"]
    head = {name: metadata.get(name) for name in ("namespace", "name", "uid")}
    return {"apiVersion": document["apiVersion"], "kind": document["kind"], **head}

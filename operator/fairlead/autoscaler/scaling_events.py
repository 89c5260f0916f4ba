"""Emits recommendations as Events on their deployment when the count or its limit changes. Pure."""

from typing import Final

from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.scaling_status import ScalingFields, count
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.plurals import formatted
from fairlead.fleet.policies import UNDECIDED, ScalingReason
from fairlead.telemetry.event_recorder import EventType, NewEvent, reference

WARNED_OF: Final = frozenset(
    one.value for one in (ScalingReason.FIGURES_MISSING, ScalingReason.NO_ROOM, ScalingReason.OVER_BUDGET, *UNDECIDED)
)
"""Reasons that get an Event when they begin, even if the count stays: a person has to act on them."""


def contested(document: Manifest) -> NewEvent:
    """Return a Warning that another process has overwritten our status fields."""
    note = (
        "status.scaling was changed by another client and is restored: only the autoscaler writes "
        "it; to choose the number yourself, remove spec.scaling and set spec.replicas"
    )
    return NewEvent(owner=reference(document), reason="PutBack", action="Recommend", note=note, type=EventType.WARNING)


def news_of(case: ScalingCase, found: ScalingFields, before: ScalingFields) -> NewEvent | None:
    """Return the Event of a change; None if it is not worth one."""
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
        owner=reference(case.document),
        reason=found["reason"],
        action="Recommend",
        note=f"{would}{moved} {counted}",
        type=EventType.WARNING if warns else EventType.NORMAL,
    )

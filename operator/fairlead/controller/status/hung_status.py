"""Replicas that hang, in their deployment's status: what keeps one, and the last ones that were replaced. Pure.

A replacement is written here before its pod is first deleted, so that a restarted operator counts it; that of a pod
which was not deleted after all is dropped. A retry of a refused deletion is written once it succeeded. What cannot be
read, as after an edit by a person, counts as absent.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fairlead.cluster import pods
from fairlead.fleet.hung_replicas import HungReplicaDecision, HungReplicaReason, ReplacedReplica
from fairlead.planning.hung_replicas import MAX_AN_HOUR

Manifest = dict[str, Any]

FIELD: Final = "hungReplicas"
REPORTED: Final = frozenset(
    {HungReplicaReason.MAX_HANG, HungReplicaReason.HOURLY_LIMIT, HungReplicaReason.DELETION_REFUSED}
)
"""Reasons that a person should know; the others end by themselves, or are in the spec or in another condition."""

UNDONE: Final = timedelta(minutes=2)
"""Longer than a watch takes to report a deletion: a pod that stays for so long after its record was not deleted."""

FIRST: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
"""A time outside these was written by a person or a broken tool, and some can be neither computed with nor written."""


def written(
    decision: HungReplicaDecision | None, before: Mapping[str, Any], stay: Collection[str], now: datetime
) -> Manifest | None:
    """Return the field as a status stores it, with a new replacement first; None if there is nothing to report.

    `stay` holds the names of pods that are not ending.
    """
    found: Manifest = {}
    if decision is not None and decision.reason in REPORTED:
        found = {"reason": decision.reason.value, "message": decision.because}
    elif decision is not None and _keeps_report(decision, reason(before), stay):
        found = {name: before[FIELD][name] for name in ("reason", "message") if name in before[FIELD]}
    new = decision.replaces if decision is not None and decision.reason is HungReplicaReason.REPLACED else None
    past = tuple(one for one in replaced(before) if one.pod not in stay or _is_being_deleted(one, decision, now))
    if new is not None and all(one.uid != new.uid for one in past):
        past = (new, *past)
    if past:
        found["replaced"] = [_written(one) for one in past[:MAX_AN_HOUR]]
    return found or None


def _keeps_report(decision: HungReplicaDecision, stored: str, stay: Collection[str]) -> bool:
    """Whether what was reported stays: while a router misses an answer, or a restarted operator tries a deletion again.

    Otherwise each answer or refusal after it would be reported anew.
    """
    replaced = decision.replaces
    tried_again = replaced is not None and replaced.pod in stay and stored == HungReplicaReason.DELETION_REFUSED
    return bool(stored) and (decision.reason is HungReplicaReason.ROUTERS_SILENT or tried_again)


def _is_being_deleted(one: ReplacedReplica, decision: HungReplicaDecision | None, now: datetime) -> bool:
    """Whether a pod that is not ending is about to be, unlike one that answered again or may not be deleted."""
    if decision is not None and decision.reason is HungReplicaReason.DELETION_REFUSED:
        return False
    chosen = decision is not None and decision.replaces is not None and decision.replaces.uid == one.uid
    return chosen or now < one.at + UNDONE


def replaced(status: Mapping[str, Any]) -> tuple[ReplacedReplica, ...]:
    """Return the last replicas that were replaced, newest first."""
    stored = status.get(FIELD)
    some = stored.get("replaced") if isinstance(stored, Mapping) else None
    found = [_read(one) for one in some if isinstance(one, Mapping)] if isinstance(some, list) else []
    return tuple(one for one in found if one is not None)


def is_replaced(uid: str, status: Mapping[str, Any]) -> bool:
    """Whether the pod with this UID was, or is about to be, deleted since it hung."""
    return any(one.uid == uid for one in replaced(status))


def reason(status: Mapping[str, Any]) -> str:
    """Return why a replica that hangs is not replaced, as stored; empty if nothing is."""
    stored = status.get(FIELD)
    return str(stored.get("reason") or "") if isinstance(stored, Mapping) else ""


def _written(one: ReplacedReplica) -> Manifest:
    node = {"node": one.node} if one.node else {}
    return {"pod": one.pod, "uid": one.uid, "at": one.at.strftime("%Y-%m-%dT%H:%M:%SZ")} | node


def _read(stored: Mapping[str, Any]) -> ReplacedReplica | None:
    at = pods.moment(stored.get("at"))
    if at is None or at.tzinfo is None or not FIRST <= at < LAST:
        return None
    name, uid, node = (str(stored.get(field) or "") for field in ("pod", "uid", "node"))
    return ReplacedReplica(pod=name, uid=uid, node=node, at=at.astimezone(UTC))

"""Deployments that request pods and have none, and since when: Kubernetes makes them within a second, or is silent.

If a ReplicaSet is deleted and created again at once, its controller may wait for minutes, and no condition shows it.
"""

from datetime import datetime
from typing import Final

from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet import plurals
from fairlead.fleet.conditions import ConditionReason

GRACE_PERIOD_S: Final = 10.0


class UncreatedPods:
    """Since when each deployment lacks all pods of a revision; only reconciles use it."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def due_s(self, observed: DeploymentSnapshot, now: datetime) -> float | None:
        """Return seconds until a lack of pods is to be reported, if one will be."""
        return self._left(observed, now) or None

    def words(self, observed: DeploymentSnapshot, now: datetime) -> str | None:
        """Return the Deployment that has lacked pods for too long, if any."""
        empty = _empty(observed)
        if empty is None or self._left(observed, now):
            return None
        number = plurals.count(snapshot.requested_replicas(empty), "pod")
        return f"Deployment {empty['metadata']['name']} asks for {number}, and Kubernetes has created none"

    def forget(self, uid: str) -> None:
        """Drop a deleted deployment."""
        self._since.pop(uid, None)

    def _left(self, observed: DeploymentSnapshot, now: datetime) -> float:
        """Return seconds until a lack of pods is to be reported; 0 if it is already, or there is none."""
        uid = observed.owner.uid
        if _empty(observed) is None:
            self._since.pop(uid, None)
            return 0.0
        if _is_stored(observed):
            return 0.0
        since = self._since[uid] = min(self._since.get(uid, now), now)
        return max(0.0, GRACE_PERIOD_S - (now - since).total_seconds())


def _empty(observed: DeploymentSnapshot) -> Manifest | None:
    """Return the first Deployment that requests pods and has none."""
    return next(
        (
            one
            for one in observed.engines
            if snapshot.requested_replicas(one) and not observed.pods.get(snapshot.revision_of(one))
        ),
        None,
    )


def _is_stored(observed: DeploymentSnapshot) -> bool:
    """Whether the status reports it already, which outlives a restart."""
    reasons = (one.get("reason") for one in observed.status.get("conditions") or ())
    return ConditionReason.PODS_NOT_CREATED in reasons

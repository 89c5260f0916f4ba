"""Deployments that ask for pods and have none, and since when: Kubernetes makes them within a second, or says nothing.

Where a ReplicaSet is deleted and made again at once, its controller may wait for minutes, and no condition shows it.
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
    """Since when which deployment lacks all pods of a revision; only reconciles ask."""

    def __init__(self) -> None:
        self._since: dict[str, datetime] = {}

    def sooner(self, after_s: float | None, observed: DeploymentSnapshot, now: datetime) -> float | None:
        """When to look again: then, or as soon as a lack of pods is to be said. A pod that is made needs no look."""
        left = self._left(observed, now)
        return min(left, left if after_s is None else after_s) if left else after_s

    def words(self, observed: DeploymentSnapshot, now: datetime) -> str | None:
        """Which Deployment has lacked its pods for too long; None: none has."""
        empty = _empty(observed)
        if empty is None or self._left(observed, now):
            return None
        number = plurals.count(snapshot.requested_replicas(empty), "pod")
        return f"Deployment {empty['metadata']['name']} asks for {number}, and Kubernetes has made none"

    def forget(self, uid: str) -> None:
        """The deployment is gone."""
        self._since.pop(uid, None)

    def _left(self, observed: DeploymentSnapshot, now: datetime) -> float:
        """Seconds until a lack of pods is to be said; 0 where it is said already, or there is none."""
        uid = observed.owner.uid
        if _empty(observed) is None:
            self._since.pop(uid, None)
            return 0.0
        if _is_stored(observed):
            return 0.0
        return max(0.0, GRACE_PERIOD_S - (now - self._since.setdefault(uid, now)).total_seconds())


def _empty(observed: DeploymentSnapshot) -> Manifest | None:
    """The first Deployment that asks for pods and has none."""
    return next(
        (
            one
            for one in observed.engines
            if snapshot.requested_replicas(one) and not observed.pods.get(snapshot.revision_of(one))
        ),
        None,
    )


def _is_stored(observed: DeploymentSnapshot) -> bool:
    """Whether the status has it: a restarted operator goes by that."""
    reasons = (one.get("reason") for one in observed.status.get("conditions") or ())
    return ConditionReason.PODS_NOT_CREATED in reasons

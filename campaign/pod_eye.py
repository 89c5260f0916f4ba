"""Pods, and which of them ever ended by themselves: every event counts, since an end may be over at the next read."""

from datetime import datetime, timedelta
from typing import Any

from campaign import kube
from campaign.kube import Eye, Kube
from campaign.observer import facts as seen

Manifest = dict[str, Any]


class PodEye(Eye):
    """All pods, and the names of those that ended before they were deleted."""

    def __init__(self, reached: Kube) -> None:
        super().__init__(reached, kube.PODS)
        self._ended: dict[str, set[str]] = {}

    def ended(self, namespace: str) -> frozenset[str]:
        """Those of one namespace, deleted pods included."""
        return frozenset(self._ended.get(namespace, ()))

    def _put(self, one: Manifest) -> None:
        super()._put(one)
        where = one["metadata"]
        if ended_by_itself(one):
            self._ended.setdefault(where.get("namespace", ""), set()).add(where["name"])


def ended_by_itself(pod: Manifest) -> bool:
    """Whether a container has ended, now or earlier, and not because its pod was deleted."""
    states = (one.get(key) or {} for one in seen.containers(pod) for key in ("state", "lastState"))
    ends = [one["terminated"] for one in states if "terminated" in one]
    if not seen.leaves(pod):
        return bool(ends)
    deleted_at = _deleted_at(pod)
    return any(datetime.fromisoformat(one["finishedAt"]) <= deleted_at for one in ends if one.get("finishedAt"))


def _deleted_at(pod: Manifest) -> datetime:
    """The time of the delete request: its deletion is due a grace period later."""
    where = pod["metadata"]
    due = datetime.fromisoformat(where["deletionTimestamp"])
    return due - timedelta(seconds=int(where.get("deletionGracePeriodSeconds") or 0))

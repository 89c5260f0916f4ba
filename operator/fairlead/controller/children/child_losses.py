"""Children that another client deleted, relabelled or began to delete, as the watches reported it.

Only remembers which children to check. One that lost its labels appears to be deleted, since watches select by label;
only a read from the API server shows which of the two happened.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, NamedTuple

from fairlead.api import kinds as ours
from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.objects import labels
from fairlead.review.context import ObjectKey


class LossKind(Enum):
    """What a watch reported."""

    WENT = "went"
    """It was deleted, or it exists without our label."""
    RELABELLED = "relabelled"
    ENDING = "ending"
    """A pod is being deleted."""


class ChildLoss(NamedTuple):
    """One such report."""

    how: LossKind
    resource: Resource
    manifest: Manifest
    """The object before the change; for a terminating pod, the object as it is now."""
    others: int = 0
    """For a pod: how many other pods of its revision were not terminating at that moment."""

    @property
    def name(self) -> tuple[str, str]:
        """Kind and name."""
        return self.resource.kind, str(self.manifest["metadata"]["name"])


CHILDREN: Final = frozenset(
    (
        kinds.POD,
        kinds.DEPLOYMENT,
        kinds.SERVICE,
        kinds.CONFIG_MAP,
        kinds.SERVICE_ACCOUNT,
        kinds.ROLE,
        kinds.ROLE_BINDING,
        kinds.DISRUPTION_BUDGET,
        kinds.NETWORK_POLICY,
        kinds.HTTP_ROUTE,
        kinds.DAEMON_SET,
    )
)


SiblingPods = Callable[[Manifest], Iterable[Manifest]]
"""Lists all pods of the deployment that a child belongs to; called only if a change needs them."""


class ChildLosses:
    """The losses of all deployments, until they are checked."""

    def __init__(self) -> None:
        self._of: dict[ObjectKey, dict[tuple[LossKind, str], ChildLoss]] = {}

    def observe(self, resource: Resource, old: Manifest | None, new: Manifest | None, beside: SiblingPods) -> None:
        """Note a change that was not our own write, if it is a loss."""
        if resource not in CHILDREN or old is None:
            return
        loss = _loss_of(resource, old, new, beside)
        owner = _label(old, labels.DEPLOYMENT)
        if loss is not None and owner:
            self.suspect(ObjectKey(ours.DEPLOYMENT.name, old["metadata"]["namespace"], owner), loss)

    def suspect(self, key: ObjectKey, loss: ChildLoss) -> None:
        """Have a loss checked in the next reconcile of its deployment."""
        self._of.setdefault(key, {})[loss.how, str(loss.manifest["metadata"]["uid"])] = loss

    def of(self, key: ObjectKey) -> tuple[ChildLoss, ...]:
        """Return all losses of one deployment, in the order in which they were reported."""
        return tuple(self._of.get(key, {}).values())

    def pods(self) -> tuple[Manifest, ...]:
        """Return pods that left the store unchecked, or cannot be relabelled: they may still hold GPUs."""
        return tuple(
            loss.manifest
            for some in self._of.values()
            for loss in some.values()
            if loss.resource is kinds.POD and loss.how is not LossKind.ENDING
        )

    def settle(self, key: ObjectKey, done: Iterable[ChildLoss]) -> None:
        """Drop losses that were checked; one that was reported again meanwhile stays."""
        left = self._of.get(key, {})
        for loss in done:
            place = loss.how, str(loss.manifest["metadata"]["uid"])
            if left.get(place) is loss:
                del left[place]
        if not left:
            self._of.pop(key, None)


def _loss_of(resource: Resource, old: Manifest, new: Manifest | None, beside: SiblingPods) -> ChildLoss | None:
    """Return the loss that a change amounts to; None if it is none, as when a terminating pod has ended."""
    if new is None:
        ended = resource is kinds.POD and "deletionTimestamp" in old["metadata"]
        return None if ended else ChildLoss(LossKind.WENT, resource, old, _staying(old, beside))
    if (old["metadata"].get("labels") or {}) != (new["metadata"].get("labels") or {}):
        return ChildLoss(LossKind.RELABELLED, resource, old)
    if resource is kinds.POD and "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]:
        return ChildLoss(LossKind.ENDING, resource, new, _staying(new, beside))
    return None


def _staying(pod: Manifest, beside: SiblingPods) -> int:
    """Return how many other pods of its Deployment are neither terminating nor ended."""
    return sum(
        one["metadata"]["uid"] != pod["metadata"]["uid"]
        and all(_label(one, name) == _label(pod, name) for name in (labels.ROLE, labels.REVISION))
        and "deletionTimestamp" not in one["metadata"]
        and one.get("status", {}).get("phase") not in pods.ENDED
        for one in beside(pod)
    )


def _label(manifest: Manifest, name: str) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(name, ""))

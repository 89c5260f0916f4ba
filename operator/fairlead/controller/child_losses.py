"""What became of children without our doing, as the watches told it: removed, relabelled, told to end.

Only remembers what is to be looked at. A child that lost its labels looks like one that was removed, since watches
select by label; which of the two it is, the API server says.
"""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, NamedTuple

from fairlead.api import kinds as ours
from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.review_context import ObjectKey
from fairlead.objects import labels


class LossKind(Enum):
    """What a watch told."""

    WENT = "went"
    """It is there no more, or it is there and no longer carries our label."""
    RELABELLED = "relabelled"
    ENDING = "ending"
    """A pod was told to end."""


class ChildLoss(NamedTuple):
    """One of them."""

    how: LossKind
    resource: Resource
    manifest: Manifest
    """As it was before; of an ending pod, as it is."""
    others: int = 0
    """Of a pod: how many others of its revision stayed at that moment."""

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
    )
)


SiblingPods = Callable[[Manifest], Iterable[Manifest]]
"""All pods of the deployment that a child belongs to, asked for where a change needs them."""


class ChildLosses:
    """Of all deployments, until somebody looked."""

    def __init__(self) -> None:
        self._of: dict[ObjectKey, dict[tuple[LossKind, str], ChildLoss]] = {}

    def heard(self, resource: Resource, old: Manifest | None, new: Manifest | None, beside: SiblingPods) -> None:
        """One change that was not our own write."""
        if resource not in CHILDREN or old is None:
            return
        loss = _loss_of(resource, old, new, beside)
        owner = _label(old, labels.DEPLOYMENT)
        if loss is not None and owner:
            self.suspect(ObjectKey(ours.DEPLOYMENT.name, old["metadata"]["namespace"], owner), loss)

    def suspect(self, key: ObjectKey, loss: ChildLoss) -> None:
        """Have it looked at with the next look at its deployment."""
        self._of.setdefault(key, {})[loss.how, str(loss.manifest["metadata"]["uid"])] = loss

    def of(self, key: ObjectKey) -> tuple[ChildLoss, ...]:
        """All of one deployment, in the order in which they were heard of."""
        return tuple(self._of.get(key, {}).values())

    def pods(self) -> tuple[Manifest, ...]:
        """Pods that nobody looked at since they left our sight, or that cannot be taken back: they may hold GPUs."""
        return tuple(
            loss.manifest
            for some in self._of.values()
            for loss in some.values()
            if loss.resource is kinds.POD and loss.how is not LossKind.ENDING
        )

    def settle(self, key: ObjectKey, done: Iterable[ChildLoss]) -> None:
        """They were looked at."""
        left = self._of.get(key, {})
        for loss in done:
            left.pop((loss.how, str(loss.manifest["metadata"]["uid"])), None)
        if not left:
            self._of.pop(key, None)


def _loss_of(resource: Resource, old: Manifest, new: Manifest | None, beside: SiblingPods) -> ChildLoss | None:
    """Nothing where the change is none of these; a pod that was ending has ended."""
    if new is None:
        ended = resource is kinds.POD and "deletionTimestamp" in old["metadata"]
        return None if ended else ChildLoss(LossKind.WENT, resource, old, _staying(old, beside))
    if (old["metadata"].get("labels") or {}) != (new["metadata"].get("labels") or {}):
        return ChildLoss(LossKind.RELABELLED, resource, old)
    if resource is kinds.POD and "deletionTimestamp" in new["metadata"] and "deletionTimestamp" not in old["metadata"]:
        return ChildLoss(LossKind.ENDING, resource, new, _staying(new, beside))
    return None


def _staying(pod: Manifest, beside: SiblingPods) -> int:
    """How many other pods of its Deployment hold a place."""
    return sum(
        one["metadata"]["uid"] != pod["metadata"]["uid"]
        and all(_label(one, name) == _label(pod, name) for name in (labels.ROLE, labels.REVISION))
        and "deletionTimestamp" not in one["metadata"]
        and one.get("status", {}).get("phase") not in pods.ENDED
        for one in beside(pod)
    )


def _label(manifest: Manifest, name: str) -> str:
    return str((manifest["metadata"].get("labels") or {}).get(name, ""))

"""The kinds that the controller watches, the keys that a change wakes, and the children that were lost."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from fairlead.api import canary_status
from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.informers import Informers, WatchedKinds
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.pods import moment
from fairlead.cluster.store import ObjectStore
from fairlead.controller import queue_keys
from fairlead.controller.children.applier import PRUNED
from fairlead.controller.children.child_losses import ChildLosses
from fairlead.controller.status import canary_counts
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.objects import labels
from fairlead.review.context import ObjectKey
from fairlead.telemetry.operator_metrics import ConditionCount, InformerHealth

WATCHED: Final = WatchedKinds(
    ours=(
        kinds.INFERENCE_DEPLOYMENT,
        kinds.AUTOSCALING_POLICY,
        kinds.INFERENCE_GATEWAY,
        kinds.EVALUATION,
        kinds.ADAPTER,
    ),
    children=(kinds.POD, *PRUNED),
    optional=(kinds.DAEMON_SET,),
)
GATEWAY_API: Final = (kinds.HTTP_ROUTE,)
"""Watched if the operator was started with --gateway-api: without the right, every list would be refused."""
LISTED: Final[Mapping[str, frozenset[str]]] = {
    "type": frozenset(ConditionType),
    "status": frozenset({"True", "False", "Unknown"}),
    "reason": frozenset(ConditionReason),
}
"""The values of a condition that metrics show; other clients may have written other ones."""


class ControllerInformers(Informers):
    """The stores of all kinds; changes wake keys, and what is deleted is dropped."""

    def __init__(
        self,
        api: ApiServer,
        namespaces: tuple[str, ...],
        wake: Callable[[ObjectKey], None],
        forget: Callable[[str], None],
        *,
        gateway_api: bool = False,
    ) -> None:
        watched = replace(WATCHED, optional=(*WATCHED.optional, *GATEWAY_API)) if gateway_api else WATCHED
        super().__init__(api, watched, namespaces, self._changed)
        self.losses = ChildLosses()
        self._wake = wake
        self._forget = forget
        self._quiet = False

    def note(self, manifest: Manifest) -> None:
        """Store our own write without noting a loss; it wakes only keys on the other side of a gateway.

        A pod that lost labels meanwhile still counts as a loss: the watch's message about it is older than our write.
        """
        informer = self.by_kind.get(kinds.of(manifest))
        self._quiet = informer is None or not _lost_labels(informer.store, manifest)
        try:
            if informer is not None:
                informer.note(manifest)
        finally:
            self._quiet = False

    def gone(self, manifest: Manifest) -> None:
        """Drop an object that we deleted, before the watch reports it."""
        self.of(kinds.of(manifest)).drop(manifest)
        self._forget(manifest["metadata"]["uid"])

    def followed(self) -> Iterator[InformerHealth]:
        """Yield age, relists and size of each informer, for metrics."""
        for resource, one in self.by_kind.items():
            yield InformerHealth(
                resource=resource.title, age_seconds=one.age(), relists=one.relists, objects=len(one.store)
            )

    def judged(self) -> Mapping[tuple[str, str, str, str], ConditionCount]:
        """Count objects by kind and condition type, status and reason; values that are not ours count as `other`."""
        since: defaultdict[tuple[str, str, str, str], list[float | None]] = defaultdict(list)
        for resource in WATCHED.ours:
            for one in self.of(resource).all():
                for condition in (one.get("status") or {}).get("conditions") or ():
                    type_, status, reason = (_listed(condition, field) for field in LISTED)
                    at = moment(condition.get("lastTransitionTime"))
                    since[resource.kind, type_, status, reason].append(None if at is None else at.timestamp())
        return {
            key: ConditionCount(len(times), min((at for at in times if at is not None), default=None))
            for key, times in since.items()
        }

    def tried(self) -> tuple[Mapping[tuple[str, str, str], int], Mapping[tuple[str, str, str], int]]:
        """Count canaries by phase, step and share, and the gate results of these steps."""
        on_trial = (*self.of(kinds.INFERENCE_DEPLOYMENT).all(), *self.of(kinds.ADAPTER).all())
        return canary_counts.of([state for one in on_trial if (state := canary_status.of(one))])

    def _changed(self, resource: Resource, old: Manifest | None, new: Manifest | None) -> None:
        if new is None and old is not None:
            self._forget(old["metadata"]["uid"])
        fleet = self.of(kinds.INFERENCE_DEPLOYMENT).all
        if self._quiet:
            for key in queue_keys.across(resource, old, new, fleet):
                self._wake(key)
            return
        self.losses.observe(resource, old, new, self._beside)
        for key in queue_keys.keys(resource, old, new, fleet, self.of(kinds.ADAPTER).all):
            self._wake(key)

    def _beside(self, child: Manifest) -> Sequence[Manifest]:
        """Return pods of the same deployment."""
        metadata = child["metadata"]
        return self.of(kinds.POD).of_deployment(metadata["namespace"], metadata["labels"].get(labels.DEPLOYMENT, ""))


def _lost_labels(store: ObjectStore, manifest: Manifest) -> bool:
    """Whether a pod's labels changed: our writes restore labels that a pod lost, and remove none."""
    metadata = manifest["metadata"]
    held = store.find(metadata.get("namespace", ""), metadata["name"]) if kinds.of(manifest) is kinds.POD else None
    now = metadata.get("labels") or {}
    before = {} if held is None else held["metadata"].get("labels") or {}
    return any(now.get(name) != value for name, value in before.items())


def _listed(condition: Manifest, field: str) -> str:
    value = str(condition.get(field))
    return value if value in LISTED[field] else "other"

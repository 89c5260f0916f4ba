"""The kinds that the controller watches, which keys a change wakes, and which children it lost."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.informers import Informers, WatchedKinds
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import queue_keys
from fairlead.controller.children.applier import PRUNED
from fairlead.controller.children.child_losses import ChildLosses
from fairlead.objects import labels
from fairlead.review.context import ObjectKey
from fairlead.telemetry.operator_metrics import InformerHealth

WATCHED: Final = WatchedKinds(
    ours=(kinds.INFERENCE_DEPLOYMENT, kinds.AUTOSCALING_POLICY, kinds.INFERENCE_GATEWAY), children=(kinds.POD, *PRUNED)
)


class ControllerInformers(Informers):
    """The stores of all kinds; a change wakes keys, and what is gone is forgotten."""

    def __init__(
        self,
        api: ApiServer,
        namespaces: tuple[str, ...],
        wake: Callable[[ObjectKey], None],
        forget: Callable[[str], None],
    ) -> None:
        super().__init__(api, WATCHED, namespaces, self._changed)
        self.losses = ChildLosses()
        self._wake = wake
        self._forget = forget
        self._quiet = False

    def note(self, manifest: Manifest) -> None:
        """Store our own write without noting a loss; of keys only those on the other side of a gateway are woken."""
        informer = self.by_kind.get(kinds.of(manifest))
        self._quiet = True
        try:
            if informer is not None:
                informer.note(manifest)
        finally:
            self._quiet = False

    def gone(self, manifest: Manifest) -> None:
        """Drop an object that we removed, before the watch reports it."""
        self.of(kinds.of(manifest)).drop(manifest)
        self._forget(manifest["metadata"]["uid"])

    def followed(self) -> Iterator[InformerHealth]:
        """Age, relists and size of each informer, for metrics."""
        for resource, one in self.by_kind.items():
            yield InformerHealth(
                resource=resource.title, age_seconds=one.age(), relists=one.relists, objects=len(one.store)
            )

    def judged(self) -> Mapping[tuple[str, str, str], int]:
        """How many objects have each condition, by kind, type and status."""
        return Counter(
            (resource.kind, str(condition.get("type")), str(condition.get("status")))
            for resource in WATCHED.ours
            for one in self.of(resource).all()
            for condition in (one.get("status") or {}).get("conditions") or ()
        )

    def _changed(self, resource: Resource, old: Manifest | None, new: Manifest | None) -> None:
        if new is None and old is not None:
            self._forget(old["metadata"]["uid"])
        fleet = self.of(kinds.INFERENCE_DEPLOYMENT).all
        if self._quiet:
            for key in queue_keys.across(resource, old, new, fleet):
                self._wake(key)
            return
        self.losses.observe(resource, old, new, self._beside)
        for key in queue_keys.keys(resource, old, new, fleet):
            self._wake(key)

    def _beside(self, child: Manifest) -> Sequence[Manifest]:
        """Pods of the same deployment."""
        metadata = child["metadata"]
        return self.of(kinds.POD).of_deployment(metadata["namespace"], metadata["labels"].get(labels.DEPLOYMENT, ""))

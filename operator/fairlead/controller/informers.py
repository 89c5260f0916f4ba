"""The informers of all kinds that the controller reads, and which keys a change wakes."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.informer import Informer, OnChange, WatchScope
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import ObjectStore
from fairlead.controller import queue_keys
from fairlead.controller.children.applier import PRUNED
from fairlead.controller.children.child_losses import ChildLosses
from fairlead.objects import labels
from fairlead.review.context import ObjectKey
from fairlead.telemetry.operator_metrics import InformerHealth

OURS: Final = (kinds.INFERENCE_DEPLOYMENT, kinds.AUTOSCALING_POLICY, kinds.INFERENCE_GATEWAY)
CHILDREN: Final = (kinds.POD, *PRUNED)
"""Watched only with our label, so that other pods take no memory here."""


class ControllerInformers:
    """The stores of all kinds, kept up to date by watches."""

    def __init__(
        self,
        api: ApiServer,
        namespaces: tuple[str, ...],
        wake: Callable[[ObjectKey], None],
        forget: Callable[[str], None],
    ) -> None:
        self.losses = ChildLosses()
        self._wake = wake
        self._forget = forget
        self._quiet = False
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        self._informers: Mapping[Resource, Informer] = {
            watched.resource: Informer(api, watched, self._listener(watched.resource), rng=rng)
            for watched in _watched(namespaces)
        }

    def of(self, resource: Resource) -> ObjectStore:
        """Objects of one kind."""
        return self._informers[resource].store

    def knows(self, resource: Resource) -> bool:
        """Whether that kind could be listed."""
        return self._informers[resource].synced.is_set()

    def note(self, manifest: Manifest) -> None:
        """Store our own write without waking a key or noting a loss."""
        informer = self._informers.get(kinds.of(manifest))
        self._quiet = True
        try:
            if informer is not None:
                informer.note(manifest)
        finally:
            self._quiet = False

    def gone(self, manifest: Manifest) -> None:
        """Drop an object that we removed, before the watch reports it."""
        self._informers[kinds.of(manifest)].store.drop(manifest)
        self._forget(manifest["metadata"]["uid"])

    @property
    def informers(self) -> tuple[Informer, ...]:
        """All of them, for health and metrics."""
        return tuple(self._informers.values())

    def followed(self) -> Iterator[InformerHealth]:
        """Age, relists and size of each informer, for metrics."""
        for resource, one in self._informers.items():
            yield InformerHealth(
                resource=resource.title, age_seconds=one.age(), relists=one.relists, objects=len(one.store)
            )

    def judged(self) -> Mapping[tuple[str, str, str], int]:
        """How many objects have each condition, by kind, type and status."""
        return Counter(
            (resource.kind, str(said.get("type")), str(said.get("status")))
            for resource in OURS
            for one in self.of(resource).all()
            for said in (one.get("status") or {}).get("conditions") or ()
        )

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self.informers:
                group.create_task(informer.run())

    async def synced(self) -> None:
        """Wait until every kind but nodes was listed; for nodes, which we may have no right to read, at most 2 s."""
        needed = [one.synced.wait() for resource, one in self._informers.items() if resource is not kinds.NODE]
        await asyncio.gather(*needed)
        try:
            await asyncio.wait_for(self._informers[kinds.NODE].synced.wait(), 2.0)
        except TimeoutError:
            return

    def _beside(self, child: Manifest) -> Sequence[Manifest]:
        """Pods of the same deployment."""
        metadata = child["metadata"]
        return self.of(kinds.POD).of_deployment(metadata["namespace"], metadata["labels"].get(labels.DEPLOYMENT, ""))

    def _listener(self, resource: Resource) -> OnChange:
        def changed(old: Manifest | None, new: Manifest | None) -> None:
            if new is None and old is not None:
                self._forget(old["metadata"]["uid"])
            if self._quiet:
                return
            self.losses.heard(resource, old, new, self._beside)
            for key in queue_keys.keys(resource, old, new, self.of(kinds.INFERENCE_DEPLOYMENT).all):
                self._wake(key)

        return changed


def _watched(namespaces: tuple[str, ...]) -> tuple[WatchScope, ...]:
    return (
        *(WatchScope(resource=one, namespaces=namespaces) for one in OURS),
        *(WatchScope(resource=one, namespaces=namespaces, selector=labels.MANAGED_BY) for one in CHILDREN),
        WatchScope(resource=kinds.NODE),
    )

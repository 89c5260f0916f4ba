"""The informers of an autoscaler process of its own: deployments, policies, their pods and engine Deployments,
nodes."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.informer import Informer, WatchScope
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import ObjectStore
from fairlead.objects import labels


class AutoscalerInformers:
    """The cluster as the informers hold it; changes trigger nothing, since the loop reads everything each second."""

    def __init__(self, api: ApiServer, namespaces: tuple[str, ...]) -> None:
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        self._informers: Mapping[Resource, Informer] = {
            watched.resource: Informer(api, watched, _ignore_change, rng=rng) for watched in _watched(namespaces)
        }
        self.is_synced = False

    def of(self, resource: Resource) -> ObjectStore:
        """The objects of one kind."""
        return self._informers[resource].store

    def knows(self, resource: Resource) -> bool:
        """Whether that kind was listed."""
        return self._informers[resource].synced.is_set()

    def age_s(self) -> float:
        """Seconds since the watch that was silent for longest delivered anything; kinds that we have no right to read
        do not count."""
        return max((one.age() for one in self._informers.values() if not one.trouble), default=0.0)

    async def run(self) -> None:
        """Run all informers until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self._informers.values():
                group.create_task(informer.run())

    async def synced(self) -> None:
        """Wait until every kind but nodes was listed; the right to list nodes may be missing, so these are awaited for
        2 s only."""
        needed = [one.synced.wait() for resource, one in self._informers.items() if resource is not kinds.NODE]
        await asyncio.gather(*needed)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._informers[kinds.NODE].synced.wait(), 2.0)
        self.is_synced = True


def _ignore_change(_: Manifest | None, __: Manifest | None) -> None:
    """Ignore a change: the next round reads it from the store."""


def _watched(namespaces: tuple[str, ...]) -> tuple[WatchScope, ...]:
    ours = (kinds.INFERENCE_DEPLOYMENT, kinds.AUTOSCALING_POLICY)
    return (
        *(WatchScope(resource=one, namespaces=namespaces) for one in ours),
        *(
            WatchScope(resource=one, namespaces=namespaces, selector=labels.MANAGED_BY)
            for one in (kinds.POD, kinds.DEPLOYMENT)
        ),
        WatchScope(resource=kinds.NODE),
    )

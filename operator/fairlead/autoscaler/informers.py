"""The informers of an autoscaler that runs alone: deployments, policies, their pods and engine Deployments, nodes."""

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
    """The world as last heard of; nobody is woken, since the loop looks each second anyway."""

    def __init__(self, api: ApiServer, namespaces: tuple[str, ...]) -> None:
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        self._informers: Mapping[Resource, Informer] = {
            watched.resource: Informer(api, watched, _ignore_change, rng=rng) for watched in _watched(namespaces)
        }
        self.is_synced = False

    def of(self, resource: Resource) -> ObjectStore:
        """Objects of one kind."""
        return self._informers[resource].store

    def knows(self, resource: Resource) -> bool:
        """Whether that kind could be listed."""
        return self._informers[resource].synced.is_set()

    def age_s(self) -> float:
        """Seconds since the last word of the most silent watch; kinds that we may not see do not count."""
        return max((one.age() for one in self._informers.values() if not one.trouble), default=0.0)

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self._informers.values():
                group.create_task(informer.run())

    async def synced(self) -> None:
        """Until every kind but nodes was listed; nodes may be hidden from us, and are waited for a moment only."""
        needed = [one.synced.wait() for resource, one in self._informers.items() if resource is not kinds.NODE]
        await asyncio.gather(*needed)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._informers[kinds.NODE].synced.wait(), 2.0)
        self.is_synced = True


def _ignore_change(_: Manifest | None, __: Manifest | None) -> None:
    """A change concerns nobody before the next round."""


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

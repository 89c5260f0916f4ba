"""The informers of all kinds that one process watches: started, awaited and measured together."""

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.informer import Informer, WatchScope
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import ObjectStore
from fairlead.objects import labels

NODES_S: Final = 2.0
"""How long to wait for nodes, which the process may have no right to list."""

OnKindChange = Callable[[Resource, Manifest | None, Manifest | None], None]
"""Called with the kind, the old and the new object of each change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedKinds:
    """What a process watches, besides nodes."""

    ours: tuple[Resource, ...]
    children: tuple[Resource, ...]
    """Watched only with our label, so that other pods take no memory here."""
    optional: tuple[Resource, ...] = ()
    """Children too, of kinds that a cluster may lack: nothing waits for them."""

    def scopes(self, namespaces: tuple[str, ...]) -> Iterator[WatchScope]:
        """Yield one scope for each kind."""
        for one in self.ours:
            yield WatchScope(resource=one, namespaces=namespaces)
        for one in (*self.children, *self.optional):
            yield WatchScope(resource=one, namespaces=namespaces, selector=labels.MANAGED_BY)
        yield WatchScope(resource=kinds.NODE)


class Informers:
    """The stores of all kinds, kept up to date by watches."""

    def __init__(
        self,
        api: ApiServer,
        watched: WatchedKinds,
        namespaces: tuple[str, ...],
        on_change: OnKindChange = lambda _, __, ___: None,
    ) -> None:
        self._awaited = frozenset((*watched.ours, *watched.children))
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        self.by_kind: Mapping[Resource, Informer] = {
            one.resource: Informer(api, one, partial(on_change, one.resource), rng=rng)
            for one in watched.scopes(namespaces)
        }

    def of(self, resource: Resource) -> ObjectStore:
        """Return the objects of one kind."""
        return self.by_kind[resource].store

    def has_listed(self, resource: Resource) -> bool:
        """Whether that kind could be listed."""
        return self.by_kind[resource].synced.is_set()

    def availability(self, resource: Resource) -> KindAvailability:
        """Whether a kind that a cluster may lack can be used now."""
        informer = self.by_kind.get(resource)
        return KindAvailability.UNWATCHED if informer is None else informer.availability

    def age_s(self) -> float:
        """Return seconds since the most silent watch's last message; without those in error, as no restart helps."""
        return max((one.age() for one in self.by_kind.values() if not one.trouble), default=0.0)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as group:
            for informer in self.by_kind.values():
                group.create_task(informer.run())

    async def synced(self) -> None:
        """Wait until every kind was listed that a cluster has and we may list; for nodes at most 2 s."""
        needed = [one.synced.wait() for resource, one in self.by_kind.items() if resource in self._awaited]
        await asyncio.gather(*needed)
        with suppress(TimeoutError):
            async with asyncio.timeout(NODES_S):
                await self.by_kind[kinds.NODE].synced.wait()

"""The informers of all kinds that one process watches: started, awaited and measured together."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.informer import Informer
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import ObjectStore
from fairlead.cluster.watch_scope import WatchScope
from fairlead.objects import labels

CLUSTER_SCOPED: Final = (kinds.NODE, kinds.PRIORITY_CLASS)
"""Kinds that the process may have no right to list."""
CLUSTER_SCOPED_S: Final = 2.0
"""How long to wait for them."""

CHECKED_EVERY_S: Final = 0.05
LOGGED_EVERY_S: Final = 60.0
"""How often the log says what the first lists wait for."""

log = logging.getLogger(__name__)

OnKindChange = Callable[[Resource, Manifest | None, Manifest | None], None]
"""Called with the kind, the old and the new object of each change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedKinds:
    """What a process watches, besides nodes and priority classes."""

    ours: tuple[Resource, ...]
    children: tuple[Resource, ...]
    """Watched only with our label, so that other pods take no memory here."""
    optional: tuple[Resource, ...] = ()
    """Children too, of kinds that a cluster may lack or a right may be missing for: nothing waits for them."""

    def scopes(self, namespaces: tuple[str, ...]) -> Iterator[WatchScope]:
        """Yield one scope for each kind."""
        for one in self.ours:
            yield WatchScope(resource=one, namespaces=namespaces)
        for one in (*self.children, *self.optional):
            yield WatchScope(resource=one, namespaces=namespaces, selector=labels.MANAGED_BY)
        for one in CLUSTER_SCOPED:
            yield WatchScope(resource=one)


class Informers:
    """The stores of all kinds, kept up to date by watches."""

    def __init__(
        self,
        api: ApiServer,
        watched: WatchedKinds,
        namespaces: tuple[str, ...],
        on_change: OnKindChange = lambda _, __, ___: None,
    ) -> None:
        self._namespaces = namespaces
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        self.by_kind: Mapping[Resource, Informer] = {
            one.resource: Informer(api, one, partial(on_change, one.resource), rng=rng)
            for one in watched.scopes(namespaces)
        }
        self._needed = tuple(self.by_kind[one] for one in (*watched.ours, *watched.children))

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
        """Wait until every kind was listed that a cluster has; for cluster-scoped ones at most 2 s.

        A watched namespace in which we may list nothing, such as a deleted one, holds up no other: it is left out.
        """
        logged_at = time.monotonic()
        while not all(one.synced.is_set() for one in self._needed):
            for namespace in self._namespaces:
                self._leave_out(namespace)
            if time.monotonic() - logged_at >= LOGGED_EVERY_S:
                logged_at = time.monotonic()
                log.warning(
                    "nothing is reconciled or scaled until every kind is listed: %s", self._trouble() or "no answer yet"
                )
            await asyncio.sleep(CHECKED_EVERY_S)
        with suppress(TimeoutError):
            async with asyncio.timeout(CLUSTER_SCOPED_S):
                for one in CLUSTER_SCOPED:
                    await self.by_kind[one].synced.wait()

    def is_left_out(self, namespace: str) -> bool:
        """Whether objects of a namespace are missing in the stores; when it gets its rights, it is listed by kind."""
        return any(one.is_left_out(namespace) for one in self._needed)

    def _leave_out(self, namespace: str) -> None:
        """Leave a namespace out if every kind is refused there: with half of its objects, decisions would be wrong."""
        if not all(one.is_refused(namespace) for one in self._needed):
            return
        for one in self._needed:
            one.leave_out(namespace)
        log.error(
            "namespace %s is watched, and Fairlead is not permitted to list anything in it: %s; it is "
            "left out until then: run "
            "`helm upgrade`, which writes the Role there, or take it out of watchNamespaces",
            namespace,
            self._trouble(),
        )

    def _trouble(self) -> str:
        return next((one.trouble for one in self._needed if one.trouble), "")

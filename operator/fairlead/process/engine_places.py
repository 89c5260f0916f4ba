"""Slots at engines for one run's requests: which pods have room, and how many requests of the run each has."""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Final, Protocol

from fairlead.cluster.kinds import Manifest
from fairlead.evaluating import pod_choice
from fairlead.evaluating.pod_choice import PodLoad
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad

SCRAPED_FOR_S: Final = 0.5
RETRY_S: Final = 0.5
"""If no pod has room."""


class LoadReader(Protocol):
    """The part of an engine client that choosing a pod needs."""

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """Scrape once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSide:
    """One revision that answers."""

    pods: tuple[Manifest, ...]
    """The pods that serve now."""
    kind: EngineKind
    model: str = ""
    """Its name in requests; empty: the name that pods report."""


@dataclass(slots=True)
class EnginePlaces:
    """The slots of one run."""

    ours: Counter[str] = field(default_factory=Counter)
    """Requests in flight by the pod's UID."""
    _scrapes: dict[str, tuple[float, EngineLoad | None]] = field(default_factory=dict)

    async def take(
        self, reader: LoadReader, current: Callable[[], RunSide | None], tried: Collection[str] = ()
    ) -> Manifest | None:
        """Return a pod with room, once there is one; None without pods, or once answers are no longer needed."""
        while (side := current()) is not None and side.pods:
            loads = [await self._load(reader, one, side.kind) for one in side.pods]
            names = [one["metadata"]["uid"] for one in side.pods]
            back = [number for number, name in enumerate(names) if name in tried]
            found = pod_choice.choose([self._with_ours(*one) for one in zip(names, loads, strict=True)], back)
            if found is not None:
                self.ours[names[found]] += 1
                return side.pods[found]
            await asyncio.sleep(RETRY_S)
        return None

    def give_back(self, uid: str) -> None:
        """Note that a request ended."""
        self.ours[uid] -= 1
        if not self.ours[uid]:
            del self.ours[uid]

    async def are_full(self, reader: LoadReader, side: RunSide) -> bool:
        """Whether there are pods, and requests wait at all of them."""
        loads = [await self._load(reader, one, side.kind) for one in side.pods]
        return bool(loads) and all(one is not None and one.waiting for one in loads)

    def _with_ours(self, uid: str, load: EngineLoad | None) -> PodLoad:
        ours = self.ours[uid]
        return PodLoad(ours=ours) if load is None else PodLoad(ours=ours, running=load.running, waiting=load.waiting)

    async def _load(self, reader: LoadReader, pod: Manifest, kind: EngineKind) -> EngineLoad | None:
        """Return a recent load: many requests of one round check the same pods."""
        uid, now = pod["metadata"]["uid"], asyncio.get_running_loop().time()
        at, kept = self._scrapes.get(uid, (-SCRAPED_FOR_S, None))
        if now - at >= SCRAPED_FOR_S:
            kept = await reader.load_now(pod, kind)
            self._scrapes[uid] = now, kept
        return kept

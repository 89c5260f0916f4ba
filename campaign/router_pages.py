"""What routers on real nodes say of engines: each is asked once a second, and known to be silent where it does not."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any, Final

import aiohttp

from campaign import kube
from campaign.kube import Eye, Kube, Refusal
from campaign.observer import facts as seen
from campaign.world import Lane

Manifest = dict[str, Any]
EVERY_S: Final = 1.0


class RouterPages:
    """The last page of every router."""

    def __init__(self, reached: Kube, pods: Eye) -> None:
        self._kube = reached
        self._pods = pods
        self._said: dict[str, Manifest | None] = {}

    def of(self, lane: Lane) -> Iterator[tuple[str, Manifest | None]]:
        """Of routers that are ready, by their pods' names."""
        for one in self._pods.of(lane.namespace):
            name = one["metadata"]["name"]
            if name in self._said and _may_be_asked(one):
                yield name, self._said[name]

    async def follow(self, lane: Lane) -> None:
        """Until cancelled."""
        while True:
            for one in tuple(self._pods.of(lane.namespace)):
                if _may_be_asked(one):
                    self._said[one["metadata"]["name"]] = await self._page(one)
            await asyncio.sleep(EVERY_S)

    async def _page(self, pod: Manifest) -> Manifest | None:
        """Through the API server."""
        path = f"{kube.path(pod)}:8080/proxy/fairlead/v1/endpoints"
        with contextlib.suppress(Refusal, TimeoutError, aiohttp.ClientError, ValueError):
            return await self._kube.once("GET", path)
        return None


def _may_be_asked(pod: Manifest) -> bool:
    labels = pod["metadata"].get("labels") or {}
    return labels.get(seen.ROLE) == "router" and seen.is_ready(pod) and not seen.leaves(pod)

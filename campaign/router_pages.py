"""What routers on real nodes report of engines, read from their metrics port with the operator's key once a second.

A Service leads to any router: what one uses counts for all, as it does for clients.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Iterator
from typing import Any, Final

import aiohttp

from campaign.kube import Eye, Kube
from campaign.observer import facts as seen
from campaign.world import Lane
from devcluster.door import Door
from fairlead.cluster import operator_key
from fairlead.fleet.router_keys import RouterKeys
from tests.node.operator_stage import NAMESPACE as HOME
from tests.waiting import eventually

Manifest = dict[str, Any]
EVERY_S: Final = 1.0
SILENT_AFTER: Final = 3
"""Unanswered requests; a single one may have met a leaving router."""
TIMEOUT: Final = aiohttp.ClientTimeout(total=3)
PORT: Final = 9090


class RouterPages:
    """The latest page of every lane."""

    def __init__(self, reached: Kube, door: Door, pods: Eye) -> None:
        self._kube = reached
        self._door = door
        self._pods = pods
        self._pages: dict[str, Manifest | None] = {}

    def of(self, lane: Lane) -> Iterator[tuple[str, Manifest | None]]:
        """The page for each ready router, by its pod's name."""
        for one in self._pods.of(lane.namespace):
            labels = one["metadata"].get("labels") or {}
            ours = labels.get(seen.ROLE) == "router" and labels.get(seen.OF) == lane.name
            if ours and seen.is_ready(one) and not seen.leaves(one) and lane.namespace in self._pages:
                yield one["metadata"]["name"], self._pages[lane.namespace]

    async def follow(self, lane: Lane) -> None:
        """Read pages until cancelled."""
        address, key = await self._way(lane)
        headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
        missed = 0
        async with aiohttp.ClientSession(headers=headers, timeout=TIMEOUT) as session:
            while True:
                page = await _page(session, f"http://{address}/fairlead/v1/endpoints")
                missed = 0 if page is not None else missed + 1
                if page is not None or missed >= SILENT_AFTER:
                    self._pages[lane.namespace] = page
                await asyncio.sleep(EVERY_S)

    async def _way(self, lane: Lane) -> tuple[str, str]:
        """Expose the metrics port by a Service; return its address, and the operator's key."""
        spec = {
            "selector": {seen.OF: lane.name, seen.ROLE: "router"},
            "ports": [{"port": PORT, "targetPort": "metrics"}],
        }
        made = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "pages"}, "spec": spec}
        await self._kube.apply(f"/api/v1/namespaces/{lane.namespace}/services/pages", made)
        stored = json.loads(
            await asyncio.to_thread(
                self._door.kubectl, f"--namespace={HOME}", "get", "secret", operator_key.NAME, "-o", "json"
            )
        )
        keys = RouterKeys(secret=base64.b64decode(stored["data"][operator_key.KEY]))

        def exposed() -> str:
            return self._door.expose(lane.namespace, "pages", PORT)

        address = await asyncio.to_thread(eventually, exposed, f"a door to the pages of {lane.namespace}", 300.0)
        return address, str(keys.bearer(lane.namespace, lane.name))


async def _page(session: aiohttp.ClientSession, address: str) -> Manifest | None:
    with contextlib.suppress(TimeoutError, aiohttp.ClientError, ValueError):
        async with session.get(address) as answer:
            return dict(json.loads(await answer.text())) if answer.status == 200 else None
    return None

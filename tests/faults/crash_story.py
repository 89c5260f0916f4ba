"""One scenario on a real API server, run again and again, each time with the operator killed at another write.

Compared with the run without faults: every child and the conditions, and how often each object was created and deleted.
"""

import asyncio
import contextlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from devcluster.door import Embedded
from fairlead.cluster import connection, kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.controller.children.applier import PRUNED
from fairlead.controller.process import LEASE
from tests.controller.pretend import deployment
from tests.faults.operator import OperatorProcess
from tests.faults.proxy import Answer, CutBody, Drop, Fault, Kill, Moment, Proxy

CHILDREN: Final = PRUNED
SELECTOR: Final = "fairlead.dev/deployment=chat"
FORGOTTEN: Final = (
    "fairlead.dev/wanted-since",
    "fairlead.dev/grown-at",
    "fairlead.dev/applied",
    "deployment.kubernetes.io/revision",
)
WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryEnd:
    """How one run ended."""

    writes: int
    fingerprint: dict[str, Any]
    made: Counter[str]
    removed: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """Where a run is disturbed."""

    number: int
    moment: Moment
    kind: str
    """kill, or how the request goes wrong."""

    def fault(self, pid: int) -> Fault:
        """The fault that the proxy injects there."""
        match self.kind:
            case "kill":
                return Kill(pid)
            case "drop":
                return Drop()
            case "cut":
                return CutBody()
            case _:
                return Answer(int(self.kind))


class Rehearsed:
    """A small cluster, the proxy in front of it, and the operator that uses the proxy."""

    def __init__(self, api: ApiServer, proxy: Proxy, folder: Path) -> None:
        self._api = api
        self._proxy = proxy
        kubeconfig = proxy.kubeconfig_through(folder / "kubeconfig")
        self.operator = OperatorProcess(kubeconfig=kubeconfig, folder=folder)

    async def play(self, point: Point | None) -> StoryEnd:
        """Run the scenario once: an apply, then a change of the engine on full GPUs, then a delete for the next run."""
        self._proxy.counted_anew()
        await self._free_the_lead()
        pid = self.operator.start()
        if point is not None:
            self._proxy.at(point.number, point.moment, point.fault(pid))
        try:
            await self._api.apply(deployment(), manager="story")
            await self._settled(1)
            await self._api.apply(deployment(context=4096), manager="story")
            await self._settled(2)
            await asyncio.sleep(0.3)
            return await self._end()
        finally:
            self.operator.kill()
            await self._cleared()

    async def _settled(self, generation: int) -> None:
        """Wait until the operator reports this generation complete; a killed operator is restarted."""
        until = time.monotonic() + WITHIN_S
        while time.monotonic() < until:
            if not self.operator.runs():
                self._proxy.rules.clear()
                await self._free_the_lead()
                self.operator.start()
            if _is_complete(await self._document(), generation):
                return
            await asyncio.sleep(0.1)
        log = self.operator.log.read_text(encoding="utf-8")[-3000:]
        status = json.dumps((await self._document()).get("status"), indent=1)
        settings = dict(self._proxy.counts)
        raise AssertionError(
            f"generation {generation} not complete within {WITHIN_S:.0f} s:\n{status}\n{settings}\n{log}"
        )

    async def _end(self) -> StoryEnd:
        found: dict[str, Any] = {}
        for resource in CHILDREN:
            for one in (await self._api.listing(resource, "default", SELECTOR)).items:
                found[f"{resource.kind}/{one['metadata']['name']}"] = _essence(one)
        made = Counter(found.keys())
        conditions = (await self._document())["status"]["conditions"]
        found["conditions"] = sorted((one["type"], one["status"], one["reason"]) for one in conditions)
        removed = Counter({key[2]: count for key, count in self._proxy.counts.items() if key[0] == "delete"})
        return StoryEnd(writes=self._proxy.writes, fingerprint=found, made=made, removed=removed)

    async def _free_the_lead(self) -> None:
        """Release the Lease of a killed holder; how long a standby waits for it is tested elsewhere."""
        if lease := await self._api.read(kinds.LEASE, "default", LEASE):
            await self._api.remove(lease, uid=lease["metadata"]["uid"])

    async def _document(self) -> dict[str, Any]:
        return await self._api.read(kinds.INFERENCE_DEPLOYMENT, "default", "chat") or {}

    async def _cleared(self) -> None:
        if document := await self._document():
            await self._api.remove(document, uid=document["metadata"]["uid"])
        for _ in range(300):
            left = [await self._api.listing(one, "default", SELECTOR) for one in (kinds.POD, *CHILDREN)]
            if not any(one.items for one in left):
                return
            await asyncio.sleep(0.1)
        raise AssertionError("children stayed after their owner was deleted")


@contextlib.asynccontextmanager
async def story_stage(door: Embedded) -> AsyncIterator[Rehearsed]:
    """Everything that a run needs."""
    where = {"KUBECONFIG": str(door.kubeconfig)}
    with tempfile.TemporaryDirectory() as folder:
        async with await connection.connect(where) as way, Proxy(await way.credentials()).served() as proxy:
            yield Rehearsed(ApiServer(way), proxy, Path(folder))


def points(writes: int) -> Iterator[Point]:
    """Every write, killed before or after it in turn; of every third, the answer fails in one of the ways.

    Both sides of every write, and every way at each, are tried on the fake cluster, where that takes no time.
    """
    for number in range(1, writes + 1):
        yield Point(number=number, moment=(Moment.BEFORE, Moment.AFTER)[number % 2], kind="kill")
    ways = ((Moment.BEFORE, "409"), (Moment.BEFORE, "429"), (Moment.BEFORE, "500"), (Moment.AFTER, "drop"))
    for number in range(1, writes + 1, 3):
        moment, kind = (*ways, (Moment.AFTER, "cut"))[number % (len(ways) + 1)]
        yield Point(number=number, moment=moment, kind=kind)


async def differences(door: Embedded, chosen: Iterable[Point] | None) -> tuple[int, list[str]]:
    """How many points were tried, and where the end differed from the run without faults."""
    wrong, tried = [], 0
    async with story_stage(door) as one:
        clean = await one.play(None)
        for point in chosen if chosen is not None else points(clean.writes):
            tried += 1
            result = await one.play(point)
            if result.fingerprint != clean.fingerprint:
                wrong.append(f"{point}: {_difference(clean.fingerprint, result.fingerprint)}")
            elif (result.made, set(result.removed)) != (clean.made, set(clean.removed)):
                wrong.append(f"{point}: made {result.made - clean.made}, removed {result.removed - clean.removed}")
    return tried, wrong


def _is_complete(document: dict[str, Any], generation: int) -> bool:
    status = document.get("status") or {}
    fields = {one["type"]: one for one in status.get("conditions") or ()}
    done = fields.get("Progressing", {})
    routers = fields.get("Routable", {}).get("reason") == "RoutersSilent"
    return bool(status.get("observedGeneration") == generation and done.get("reason") == "Complete" and routers)


def _essence(one: dict[str, Any]) -> dict[str, Any]:
    metadata = one["metadata"]
    notes = {key: value for key, value in (metadata.get("annotations") or {}).items() if key not in FORGOTTEN}
    spec = {key: value for key, value in (one.get("spec") or {}).items() if key not in {"clusterIP", "clusterIPs"}}
    return {
        "labels": metadata.get("labels"),
        "notes": notes,
        "spec": spec,
        "data": one.get("data"),
        "rules": one.get("rules"),
    }


def _difference(clean: dict[str, Any], found: dict[str, Any]) -> str:
    names = [name for name in {*clean, *found} if clean.get(name) != found.get(name)]
    return "; ".join(f"{name}: {clean.get(name)} became {found.get(name)}" for name in sorted(names))[:1500]

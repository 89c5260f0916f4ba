"""Real nodes as a campaign's world: emulated engines, real routers, the operator as Helm installs it, and clients.

Every lane has two nodes of its own and a stranger that holds one of their GPUs; routers run where there is room.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from campaign import kube, lanes, owner, specs
from campaign.breaking import HARMLESS, ORDERS, Breaker
from campaign.clients import Clients
from campaign.kube import Eye, Kube, Refusal
from campaign.leadership import Leadership
from campaign.meddling import Meddler
from campaign.moves import (
    Api,
    Child,
    Edit,
    Engine,
    EngineDeed,
    Move,
    Node,
    Operator,
    Pod,
    Router,
    RouterDeed,
    Secret,
    SecretDeed,
)
from campaign.observer import facts as seen
from campaign.observer.facts import Facts
from campaign.owner import DeploymentOwner
from campaign.pod_eye import PodEye
from campaign.router_pages import RouterPages
from campaign.specs import WantedSpec
from campaign.world import Lane
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build
from house.tree import ROOT
from tests import worlds
from tests.node.operator_stage import LAG_MS, TOKEN_MS
from tests.node.operator_stage import NAMESPACE as HOME
from tests.node.operator_stage import Operator as Release

Manifest = dict[str, Any]

GPUS: Final = 2
ENGINE: Final[Manifest] = {
    "env": [
        {"name": "FAIRLEAD_ENGINE_TPOT_MS", "value": TOKEN_MS},
        {"name": "FAIRLEAD_ENGINE_LAG_LIMIT_MS", "value": LAG_MS},
    ]
}


@contextmanager
def cluster(count: int) -> Iterator[Embedded]:
    """Start nodes for `count` lanes, with our image on them."""
    nodes = [f"{_namespace(number)}-{letter}={specs.PRODUCT}:{GPUS}" for number in range(count) for letter in "ab"]
    with worlds.embedded(f"campaign-{os.getpid()}", *nodes) as door:
        yield door


@asynccontextmanager
async def world(door: Embedded, count: int) -> AsyncIterator["OnNodes"]:
    """Install the operator and make the lanes."""
    built = await asyncio.to_thread(build.build, ROOT, Cache.chosen())
    await asyncio.to_thread(door.load, built.archive)
    release = Release(door, built.reference)
    await asyncio.to_thread(release.install)
    async with lived_in(
        release, built.reference, tuple(lanes.of(_namespace(number), "chat", number) for number in range(count))
    ) as made:
        yield made


@asynccontextmanager
async def lived_in(release: Release, image: str, some: tuple[Lane, ...]) -> AsyncIterator["OnNodes"]:
    """Use lanes on a cluster that has the operator; remove what this creates at the end."""
    async with kube.reached(release.door.kubeconfig) as reached:
        made = OnNodes(reached, release, some)
        async with made.followed(image):
            yield made


class OnNodes:
    """One cluster with all its lanes."""

    def __init__(self, reached: Kube, release: Release, some: tuple[Lane, ...]) -> None:
        assert isinstance(release.door, Embedded)
        self.kube = reached
        self.release = release
        self.lanes = some
        self.pods, self.nodes = PodEye(reached), Eye(reached, kube.NODES)
        self.deployments, self.inference_deployments = (
            Eye(reached, kube.DEPLOYMENTS),
            Eye(reached, kube.INFERENCE_DEPLOYMENTS),
        )
        self._door = release.door
        self._pages = RouterPages(reached, release.door, self.pods)
        self._clients: dict[int, Clients] = {}
        self._began: dict[int, float] = {}
        self._owner = DeploymentOwner(reached, ENGINE)
        self._leadership = Leadership(reached, HOME)
        self._meddler = Meddler(reached, self.pods, self.deployments)
        self._breaker = Breaker(reached, release, self._meddler)

    @asynccontextmanager
    async def followed(self, image: str) -> AsyncIterator[None]:
        """Watch everything until the block ends."""
        await asyncio.gather(*(self._make(lane, image) for lane in self.lanes))
        eyes = (self.pods, self.nodes, self.deployments, self.inference_deployments)
        work = [asyncio.create_task(one.follow()) for one in eyes]
        work.append(asyncio.create_task(self._leadership.follow()))
        work += [asyncio.create_task(self._pages.follow(lane)) for lane in self.lanes]
        try:
            await asyncio.gather(*(one.seen.wait() for one in eyes))
            yield
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await asyncio.gather(*(one.end() for one in self._clients.values()))
            await asyncio.gather(*(self._unmake(lane) for lane in self.lanes))

    async def begin(self, lane: Lane, wanted: WantedSpec) -> None:
        """Apply the spec, and start clients."""
        await self._owner.furnish(lane)
        lane.wanted = wanted
        await self._owner.apply(lane)
        if lane.number not in self._clients:
            address = await asyncio.to_thread(self._address, lane)
            clients = self._clients[lane.number] = Clients(address)
            clients.excused()
            clients.start()

    async def perform(self, lane: Lane, move: Move) -> str:
        """Make one move; a world that has changed meanwhile may refuse it."""
        try:
            return await self._perform(lane, move)
        except Refusal as problem:
            if problem.status in kube.NO_SUCH:
                return str(problem)
            raise

    async def heal(self, lane: Lane) -> None:
        """Restore nodes and engines; Kubernetes replaces an engine that does not answer."""
        for name in lane.nodes:
            await self.kube.patch(f"/api/v1/nodes/{name}", {"spec": {"unschedulable": False, "taints": None}})
        for one in self.pods.of(lane.namespace):
            labels = one["metadata"].get("labels") or {}
            if labels.get(seen.ROLE) == "engine" and not seen.leaves(one):
                await self._breaker.undo(one)
        await self._owner.furnish(lane)

    def facts(self, lane: Lane) -> Facts | None:
        """The watched objects, with the routers' own pages."""
        document = self.inference_deployments.named(lane.namespace, lane.name)
        if document is None or seen.leaves(document):
            return None
        found = Facts(
            document=document,
            pods=tuple(self.pods.of(lane.namespace)),
            deployments=tuple(self.deployments.of(lane.namespace)),
            nodes=tuple(one for one in self.nodes.of("") if one["metadata"]["name"] in lane.nodes),
            pages=dict(self._pages.of(lane)),
            present=frozenset(lane.present),
            unsure=frozenset(lane.unsure),
            ended=self.pods.ended(lane.namespace),
        )
        self._excuse(lane, found)
        return found

    def disturbed_at(self) -> float:
        """When the last cluster-wide fault is over."""
        return max(self._breaker.until, self._leadership.until)

    async def children(self, lane: Lane) -> list[Manifest]:
        """All that a deployment owns."""
        return await lanes.children(self.kube, lane)

    async def remove(self, lane: Lane) -> None:
        """Delete the deployment as a user would; its clients' failures are excused."""
        if lane.number in self._clients:
            self._clients[lane.number].excused()
        await self.kube.delete(owner.place(lane))
        await self._meddler.take_orphans(lane)

    def complaints(self, lane: Lane) -> list[str]:
        """The stranger, the leader, and requests lost since the last sequence."""
        found = [*lanes.complaints(self.pods, lane), *filter(None, [self._leadership.complaint])]
        clients, since = self._clients.get(lane.number), self._began.get(lane.number, 0.0)
        self._began[lane.number] = time.monotonic()
        return [*found, *(clients.harmed(since) if clients else ())]

    def orphans(self, lane: Lane) -> list[str]:
        """Orphaned pods."""
        return [str(one["metadata"]["name"]) for one in lanes.orphans(self.pods, lane)]

    def requests(self, lane: Lane) -> int:
        """How many were answered since the last sequence."""
        clients = self._clients.get(lane.number)
        return clients.count(self._began.get(lane.number, 0.0)) if clients else 0

    async def _perform(self, lane: Lane, move: Move) -> str:
        match move:
            case Edit():
                return await self._owner.edit(lane, move)
            case Engine():
                return await self._engine(lane, move)
            case Pod():
                return await self._meddler.pod(lane, move)
            case Router(deed=RouterDeed.KILL):
                self._harm(lane)
                return await self._meddler.router(lane, move)
            case Router() | Child():
                return await self._by_hand(lane, move)
            case _:
                await self._happen(lane, move)
                return ""

    async def _by_hand(self, lane: Lane, move: Router | Child) -> str:
        if isinstance(move, Router):
            return await self._meddler.router(lane, move)
        self._harm(lane)
        return await self._meddler.child(lane, move)

    async def _happen(self, lane: Lane, move: Node | Secret | Api | Operator) -> None:
        match move:
            case Node(place=place):
                await self._breaker.node(lane, move, lane.nodes[place % len(lane.nodes)])
            case Secret(deed=SecretDeed.DELETE):
                await self._owner.take_secret(lane)
            case Secret(deed=SecretDeed.WEBHOOK_GONE):
                await self.kube.delete(f"/api/v1/namespaces/{HOME}/secrets/fairlead-webhook")
            case Secret():
                await self._owner.secret(lane, str(time.monotonic()))
            case Api() | Operator():
                await self._breaker.weather(move)

    async def _engine(self, lane: Lane, move: Engine) -> str:
        pod = self._meddler.one(lane, "engine", move.place)
        if pod is None or not seen.is_ready(pod):
            return "no engine runs"
        if move.deed not in ORDERS:
            return "clients ask as they do"
        order = ORDERS[move.deed]
        if move.deed is EngineDeed.CRASH and move.amount == 0:
            order = {"fault": "engine-death", "tokens": 5}
        if move.deed not in HARMLESS:
            self._harm(lane)
        return await self._breaker.attempt(pod, order)

    def _harm(self, lane: Lane) -> None:
        if lane.number in self._clients:
            self._clients[lane.number].excused()

    def _excuse(self, lane: Lane, found: Facts) -> None:
        """Excuse failures while nothing serves, since requests wait and may time out; end it when all is well."""
        clients = self._clients.get(lane.number)
        if clients is None:
            return
        if not found.routable or not found.routers:
            clients.excused()
        elif len(found.routable) == len(found.engines) and not found.ejected:
            clients.unexcused()

    def _address(self, lane: Lane) -> str:
        until = time.monotonic() + 60.0
        while time.monotonic() < until:
            with contextlib.suppress(Exception):
                return self._door.expose(lane.namespace, f"{lane.name}-router", 80)
            time.sleep(0.5)
        raise TimeoutError(f"no door to {lane.name}")

    async def _make(self, lane: Lane, image: str) -> None:
        """Make the namespace, node labels and stranger."""
        await self.kube.post("/api/v1/namespaces", {"metadata": {"name": lane.namespace}})
        for name in lane.nodes:
            await self.kube.patch(f"/api/v1/nodes/{name}", {"metadata": {"labels": {specs.LANE: lane.namespace}}})
        await lanes.settle_stranger(self.kube, lane, image)

    async def _unmake(self, lane: Lane) -> None:
        await self.kube.delete(f"/api/v1/namespaces/{lane.namespace}")
        for name in lane.nodes:
            marks = {"metadata": {"labels": {specs.LANE: None}}, "spec": {"unschedulable": False, "taints": None}}
            await self.kube.patch(f"/api/v1/nodes/{name}", marks)


def _namespace(number: int) -> str:
    return f"lane-{number}"

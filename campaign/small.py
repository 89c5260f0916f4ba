"""The small cluster as a campaign's world: a real API server, controllers and scheduler, kwok's nodes, a real operator.

Every lane has nodes of its own, which its replicas select; a stranger holds one of their GPUs.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from campaign import kube, lanes, owner, pod_states, specs
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
    NodeDeed,
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
from campaign.pages import Pages
from campaign.pod_eye import PodEye
from campaign.small_kubelet import Kubelet
from campaign.small_nodes import Nodes
from campaign.specs import WantedSpec
from campaign.weather import Weather
from campaign.world import Lane
from devcluster.door import Embedded
from devcluster.up import FEW_COLLECTIONS
from fairlead.cluster import connection
from fairlead.cluster.api_server import ApiServer
from tests.faults.operator import OperatorProcess, kubelet
from tests.faults.proxy import Proxy
from tests.faults.small_cluster import node, small_cluster

Manifest = dict[str, Any]

BEHAVIOUR: Final = Path(__file__).parent / "kwok.yaml"
FLAGS: Final = ("--webhook", "off", "--router-image", "none", "--engine-image", "none", "--log-level", "WARNING")
GPUS: Final = 2
"""Of each node; a lane has two, and a stranger holds one."""


@contextlib.contextmanager
def cluster() -> Iterator[Embedded]:
    """Start the cluster for a world."""
    for name, value in FEW_COLLECTIONS.items():
        os.environ.setdefault(name, value)
    with small_cluster(0, behaviour=BEHAVIOUR, lean=True) as door:
        yield door


@asynccontextmanager
async def world(door: Embedded, count: int, folder: Path) -> AsyncIterator["Small"]:
    """Set up everything: watches, pages, the proxy, the operator behind it."""
    async with (
        kube.reached(door.kubeconfig) as reached,
        await connection.connect({"KUBECONFIG": str(door.kubeconfig)}, Path("/nonexistent")) as way,
        Proxy(await way.credentials()).served() as proxy,
    ):
        operator = OperatorProcess(
            kubeconfig=proxy.kubeconfig_through(folder / "kubeconfig"),
            folder=folder,
            flags=FLAGS,
        )
        made = Small(reached, ApiServer(way), Weather(door, proxy, operator), count)
        async with made.lived_in():
            with kubelet(operator):
                try:
                    operator.start()
                    await asyncio.to_thread(operator.wait_ready)
                    yield made
                finally:
                    operator.kill()


class Small:
    """One cluster with all its lanes."""

    def __init__(self, reached: Kube, api: ApiServer, weather: Weather, count: int) -> None:
        self.kube = reached
        self.weather = weather
        self.pods, self.nodes = PodEye(reached), Eye(reached, kube.NODES)
        self.deployments, self.inference_deployments = (
            Eye(reached, kube.DEPLOYMENTS),
            Eye(reached, kube.INFERENCE_DEPLOYMENTS),
        )
        self.pages = Pages(api, self.pods)
        self.lanes = tuple(lanes.of(f"lane-{number:03d}", f"chat-{number:03d}", number) for number in range(count))
        self._hosts = Nodes(reached, GPUS)
        self._kubelet = Kubelet(reached)
        self._owner = DeploymentOwner(reached)
        self._leadership = Leadership(reached, "default")
        self._meddler = Meddler(reached, self.pods, self.deployments)

    @asynccontextmanager
    async def lived_in(self) -> AsyncIterator[None]:
        """Make the lanes, and watch everything until the block ends."""
        await asyncio.gather(*(self._make(lane) for lane in self.lanes))
        eyes = (self.pods, self.nodes, self.deployments, self.inference_deployments)
        work = [asyncio.create_task(one.follow()) for one in (*eyes, self.pages, self._leadership)]
        work.append(asyncio.create_task(self._count_writes()))
        kubelet = asyncio.create_task(self._kubelet.follow(self.pods, self.nodes))
        try:
            await asyncio.gather(*(one.seen.wait() for one in eyes))
            yield
        finally:
            self._kubelet.end()
            await asyncio.gather(kubelet, return_exceptions=True)
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self.pages.close()

    async def begin(self, lane: Lane, wanted: WantedSpec) -> None:
        """Apply the spec; missing objects of the lane are restored first."""
        await self._owner.furnish(lane)
        lane.wanted = wanted
        await self._owner.apply(lane)

    async def perform(self, lane: Lane, move: Move) -> str:
        """Make one move; a world that has changed meanwhile may refuse it."""
        try:
            return await self._perform(lane, move)
        except Refusal as problem:
            if problem.status in kube.NO_SUCH:
                return str(problem)
            raise

    async def _perform(self, lane: Lane, move: Move) -> str:
        """Actions of users and engines may be impossible; other moves always succeed."""
        match move:
            case Edit():
                edit = await self._owner.edit(lane, move)
            case Engine():
                edit = await self._engine(lane, move)
            case Pod():
                edit = await self._meddler.pod(lane, move)
            case Router(deed=RouterDeed.SILENT, place=place):
                edit = self._silence(lane, place)
            case Router():
                edit = await self._meddler.router(lane, move)
            case Child():
                edit = await self._meddler.child(lane, move)
            case _:
                edit = ""
                await self._happen(lane, move)
        return edit

    async def _happen(self, lane: Lane, move: Node | Secret | Api | Operator) -> None:
        match move:
            case Node(deed=NodeDeed.DRAIN, place=place):
                await self._hosts.perform(lane, Node(NodeDeed.CORDON, place))
                await self._meddler.drain(lane, lane.nodes[place % len(lane.nodes)])
            case Node():
                await self._hosts.perform(lane, move)
            case Secret(deed=SecretDeed.DELETE):
                await self._owner.take_secret(lane)
            case Secret():
                await self._owner.secret(lane, str(time.monotonic()))
            case Api() | Operator():
                await self.weather.perform(move)

    async def heal(self, lane: Lane) -> None:
        """Restore nodes, pages, Secrets and pods; a crashed container runs again."""
        for place in range(len(lane.nodes)):
            await self._hosts.perform(lane, Node(NodeDeed.HEAL, place))
        mine = [one for one in self.pods.of(lane.namespace) if not seen.leaves(one)]
        self.pages.heal({one["metadata"]["name"] for one in mine})
        self.pages.load(lane.name).waiting = 0.0
        self.pages.load(lane.name).frozen = False
        await self._owner.furnish(lane)
        await self._kubelet.heal(lane.namespace)

    def facts(self, lane: Lane) -> Facts | None:
        """The watched objects; routers' reports are known without a request."""
        document = self.inference_deployments.named(lane.namespace, lane.name)
        if document is None or seen.leaves(document):
            return None
        pods = tuple(self.pods.of(lane.namespace))
        found = Facts(
            document=document,
            pods=pods,
            deployments=tuple(self.deployments.of(lane.namespace)),
            nodes=tuple(one for one in self.nodes.of("") if one["metadata"]["name"] in lane.nodes),
            pages={},
            present=frozenset(lane.present),
            unsure=frozenset(lane.unsure),
            ended=self.pods.ended(lane.namespace),
        )
        routers = [one["metadata"]["name"] for one in found.routers]
        return replace(found, pages={one: self.pages.page(lane.name, one) for one in routers})

    def disturbed_at(self) -> float:
        """When the last cluster-wide fault is over."""
        return max(self.weather.until, self._leadership.until)

    async def children(self, lane: Lane) -> list[Manifest]:
        """All that a deployment owns."""
        return await lanes.children(self.kube, lane)

    async def remove(self, lane: Lane) -> None:
        """Delete the deployment as a user would; orphans are removed too."""
        await self.kube.delete(owner.place(lane))
        await self._meddler.take_orphans(lane)

    def complaints(self, lane: Lane) -> list[str]:
        """Of the stranger and the operator."""
        return [*lanes.complaints(self.pods, lane), *filter(None, [self._leadership.complaint])]

    def orphans(self, lane: Lane) -> list[str]:
        """Orphaned pods."""
        return [str(one["metadata"]["name"]) for one in lanes.orphans(self.pods, lane)]

    def requests(self, lane: Lane) -> int:  # noqa: ARG002  # there are no clients here
        """No clients, no requests."""
        return 0

    async def _make(self, lane: Lane) -> None:
        """Make the namespace, nodes and stranger."""
        await self.kube.post("/api/v1/namespaces", {"metadata": {"name": lane.namespace}})
        for name in lane.nodes:
            made = dict(node(name, GPUS))
            metadata: Manifest = dict(made["metadata"])  # type: ignore[call-overload]  # a node of other stories
            metadata["labels"] = metadata["labels"] | {specs.LANE: lane.namespace}
            await self.kube.post("/api/v1/nodes", made | {"metadata": metadata})
        await lanes.settle_stranger(self.kube, lane, "somebody/elses:1")

    async def _engine(self, lane: Lane, move: Engine) -> str:
        if move.deed is EngineDeed.BUSY:
            self.pages.load(lane.name).waiting = float(move.amount)
            return ""
        pod = self._meddler.one(lane, "engine", move.place)
        if pod is None or not pod_states.has_started(pod):
            return "no engine runs"
        name = pod["metadata"]["name"]
        match move.deed:
            case EngineDeed.CRASH:
                await self._kubelet.write(pod, pod_states.crashed(pod, move.amount))
            case EngineDeed.HANG:
                await self._kubelet.write(pod, pod_states.hanging(pod))
            case EngineDeed.MUTE:
                self.pages.mute.add(name)
            case EngineDeed.METRICS_FROZEN:
                self.pages.load(lane.name).frozen = True
            case EngineDeed.METRICS_NAN | EngineDeed.METRICS_HUGE:
                self.pages.lies[name] = move.deed
            case _:
                return "nothing runs in these pods"
        return ""

    def _silence(self, lane: Lane, place: int) -> str:
        pod = self._meddler.one(lane, "router", place)
        if pod is None:
            return "no router runs"
        self.pages.silent.add(pod["metadata"]["name"])
        return ""

    async def _count_writes(self) -> None:
        """Read and clear the proxy's log."""
        lanes = {one.namespace: one for one in self.lanes}
        proxy = self.weather.proxy
        while True:
            log, proxy.log = proxy.log, []
            proxy.made.clear()
            proxy.counts.clear()
            for one in log:
                if one.call.writes and one.call.namespace in lanes and "events" not in one.call.resource:
                    lanes[one.call.namespace].writes.append(" ".join(filter(None, (one.call.verb, *one.call[1:3]))))
            await asyncio.sleep(0.2)

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

from campaign import kube, pod_states, specs
from campaign.kube import Eye, Kube, Refusal
from campaign.moves import (
    Api,
    Child,
    ChildDeed,
    Edit,
    Engine,
    EngineDeed,
    Field,
    Move,
    Node,
    NodeDeed,
    Operator,
    Pod,
    PodDeed,
    Router,
    RouterDeed,
    Secret,
    SecretDeed,
)
from campaign.observer import facts as seen
from campaign.observer.facts import Facts
from campaign.pages import Pages
from campaign.small_nodes import Nodes
from campaign.specs import Wish
from campaign.weather import Weather
from campaign.world import CHILDREN, Lane
from devcluster.door import Embedded
from fairlead.cluster import connection
from fairlead.cluster.api_server import ApiServer
from tests.faults.operator import OperatorProcess, kubelet
from tests.faults.proxy import Proxy
from tests.faults.small_cluster import node, small_cluster

Manifest = dict[str, Any]

BEHAVIOUR: Final = Path(__file__).parent / "kwok.yaml"
OURS: Final = f"127.{64 + os.getpid() % 128}"
FLAGS: Final = ("--webhook", "off", "--router-image", "none", "--engine-image", "none", "--log-level", "WARNING")
GPUS: Final = 2
"""Of each node; a lane has two, and a stranger holds one."""
OF: Final = "fairlead.dev/deployment={},fairlead.dev/role={}"


@contextlib.contextmanager
def cluster() -> Iterator[Embedded]:
    """What a world lives in."""
    with small_cluster(0, f"{OURS}.0.1/16", BEHAVIOUR) as door:
        yield door


@asynccontextmanager
async def world(door: Embedded, lanes: int, folder: Path) -> AsyncIterator["Small"]:
    """Everything set up: eyes, pages, the proxy, the operator behind it."""
    async with (
        kube.reached(door.kubeconfig) as reached,
        await connection.connect({"KUBECONFIG": str(door.kubeconfig)}, Path("/nonexistent")) as way,
        Proxy(await way.credentials()).served() as proxy,
    ):
        operator = OperatorProcess(
            kubeconfig=proxy.kubeconfig_through(folder / "kubeconfig"),
            folder=folder,
            host=f"{OURS}.255.1",
            flags=FLAGS,
        )
        made = Small(reached, ApiServer(way), Weather(door, proxy, operator), lanes)
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

    def __init__(self, reached: Kube, api: ApiServer, weather: Weather, lanes: int) -> None:
        self.kube = reached
        self.weather = weather
        self.pods, self.nodes = Eye(reached, kube.PODS), Eye(reached, kube.NODES)
        self.deployments, self.wishes = Eye(reached, kube.DEPLOYMENTS), Eye(reached, kube.WISHES)
        self.pages = Pages(api, self.pods)
        self.lanes = tuple(_lane(number) for number in range(lanes))
        self._hosts = Nodes(reached, GPUS)

    @asynccontextmanager
    async def lived_in(self) -> AsyncIterator[None]:
        """Lanes made, and everything followed for as long as the block runs."""
        await asyncio.gather(*(self._make(lane) for lane in self.lanes))
        eyes = (self.pods, self.nodes, self.deployments, self.wishes)
        work = [asyncio.create_task(one.follow()) for one in (*eyes, self.pages)]
        work.append(asyncio.create_task(self._count_writes()))
        try:
            await asyncio.gather(*(one.seen.wait() for one in eyes))
            yield
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            await self.pages.close()

    async def begin(self, lane: Lane, wanted: Wish) -> None:
        """The spec alone; what of the lane is gone comes back first."""
        await self._furnish(lane)
        lane.wish = wanted
        await self._apply(lane)

    async def perform(self, lane: Lane, move: Move) -> str:
        """One move; a world that has gone on meanwhile may refuse it."""
        try:
            return await self._perform(lane, move)
        except Refusal as problem:
            if problem.status in kube.NO_SUCH:
                return str(problem)
            raise

    async def _perform(self, lane: Lane, move: Move) -> str:  # noqa: C901  # one line a kind of move
        match move:
            case Edit():
                return await self._edit(lane, move)
            case Engine():
                return await self._engine(lane, move)
            case Pod():
                return await self._pod(lane, move)
            case Node(deed=NodeDeed.DRAIN, place=place):
                await self._hosts.perform(lane, Node(NodeDeed.CORDON, place))
                await self._drain(lane, lane.nodes[place % len(lane.nodes)])
            case Node():
                await self._hosts.perform(lane, move)
            case Router():
                return await self._router(lane, move)
            case Child():
                return await self._child(lane, move)
            case Secret():
                await self._secret(lane, move)
            case Api() | Operator():
                await self.weather.perform(move)
        return ""

    async def heal(self, lane: Lane) -> None:
        """Nodes, pages, Secrets and pods as they were; a container that crashed runs again."""
        for place in range(len(lane.nodes)):
            await self._hosts.perform(lane, Node(NodeDeed.HEAL, place))
        mine = [one for one in self.pods.of(lane.namespace) if not seen.leaves(one)]
        self.pages.heal({(one.get("status") or {}).get("podIP", "") for one in mine})
        self.pages.load(lane.name).waiting = 0.0
        self.pages.load(lane.name).frozen = False
        await self._furnish(lane)
        await asyncio.sleep(0.3)
        for one in mine:
            if pod_states.may_be_ready(one) and not seen.is_ready(one):
                with contextlib.suppress(Refusal):
                    await self._set(one, pod_states.running(one))

    def facts(self, lane: Lane) -> Facts | None:
        """As the eyes see it; what routers would say is known without asking them."""
        document = self.wishes.named(lane.namespace, lane.name)
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
        )
        pages = {
            one["metadata"]["name"]: self.pages.page(lane.name, one["status"].get("podIP", "")) for one in found.routers
        }
        return replace(found, pages=pages)

    def disturbed_at(self) -> float:
        """By whatever all lanes feel."""
        return self.weather.until

    async def children(self, lane: Lane) -> list[Manifest]:
        """All kinds that a deployment has."""
        paths = [one.format(lane.namespace) for one in CHILDREN]
        found = await asyncio.gather(*(self.kube.listed(one, f"fairlead.dev/deployment={lane.name}") for one in paths))
        named = zip(CHILDREN, found, strict=True)
        return [{"kind": path.rpartition("/")[2]} | one for path, some in named for one in some]

    async def remove(self, lane: Lane) -> None:
        """As people do."""
        await self.kube.delete(f"{_wishes(lane)}/{lane.name}")

    def complaints(self, lane: Lane) -> list[str]:
        """The stranger still holds its GPU, and no engine is nobody's."""
        stranger = self.pods.named(lane.namespace, "stranger")
        found = []
        if stranger is None or stranger["metadata"]["uid"] != lane.stranger:
            found.append("the pod of somebody else is gone, and its GPU with it")
        for one in self.pods.of(lane.namespace):
            if one["metadata"]["name"] != "stranger" and seen.OF not in (one["metadata"].get("labels") or {}):
                found.append(f"pod {one['metadata']['name']} runs on and belongs to nobody")
        return found

    async def _make(self, lane: Lane) -> None:
        """Namespace, nodes, stranger."""
        await self.kube.post("/api/v1/namespaces", {"metadata": {"name": lane.namespace}})
        for name in lane.nodes:
            made = dict(node(name, GPUS))
            metadata: Manifest = dict(made["metadata"])  # type: ignore[call-overload]  # a node of other stories
            metadata["labels"] = metadata["labels"] | {specs.LANE: lane.namespace}
            await self.kube.post("/api/v1/nodes", made | {"metadata": metadata})
        await self.kube.post(f"/api/v1/namespaces/{lane.namespace}/pods", pod_states.stranger(lane.namespace))
        found = await self.kube.get(f"/api/v1/namespaces/{lane.namespace}/pods/stranger")
        lane.stranger = str((found or {})["metadata"]["uid"])

    async def _furnish(self, lane: Lane) -> None:
        """What specs may name."""
        token = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": specs.SECRET}, "stringData": {"token": "1"}}
        await self.kube.apply(f"/api/v1/namespaces/{lane.namespace}/secrets/{specs.SECRET}", token)
        await self._policy(lane)
        lane.present |= {f"Secret/{specs.SECRET}", f"AutoscalingPolicy/{specs.POLICY}"}

    async def _policy(self, lane: Lane, **changes: Any) -> None:  # noqa: ANN401  # fields of a policy
        path = f"/apis/fairlead.dev/v1alpha1/namespaces/{lane.namespace}/autoscalingpolicies/{specs.POLICY}"
        await self.kube.apply(path, specs.policy(lane.namespace, **changes))

    async def _apply(self, lane: Lane) -> None:
        document = specs.document(lane.wish, lane.namespace, lane.name)
        await self.kube.apply(f"{_wishes(lane)}/{lane.name}", document)

    async def _edit(self, lane: Lane, edit: Edit) -> str:
        if edit.deed is Field.POLICY_TARGET:
            await self._policy(lane, target=edit.value)
        elif edit.deed is Field.POLICY_MODE:
            await self._policy(lane, mode=edit.value)
        else:
            before, lane.wish = lane.wish, lane.wish.edited(edit)
            try:
                await self._apply(lane)
            except Refusal as problem:
                lane.wish = before
                return str(problem)
        return ""

    async def _engine(self, lane: Lane, move: Engine) -> str:
        if move.deed is EngineDeed.BUSY:
            self.pages.load(lane.name).waiting = float(move.amount)
            return ""
        pod = self._one(lane, "engine", move.place)
        if pod is None:
            return "no engine runs"
        address = pod["status"].get("podIP", "")
        match move.deed:
            case EngineDeed.CRASH:
                await self._set(pod, pod_states.crashed(pod, move.amount))
            case EngineDeed.HANG:
                await self._set(pod, pod_states.hanging(pod))
            case EngineDeed.MUTE:
                self.pages.mute.add(address)
            case EngineDeed.METRICS_FROZEN:
                self.pages.load(lane.name).frozen = True
            case EngineDeed.METRICS_NAN | EngineDeed.METRICS_HUGE:
                self.pages.lies[address] = move.deed
            case _:
                return "nothing runs in these pods"
        return ""

    async def _pod(self, lane: Lane, move: Pod) -> str:
        pod = self._one(lane, "engine", move.place)
        if pod is None:
            return "no engine runs"
        path = _path(pod)
        match move.deed:
            case PodDeed.DELETE:
                await self.kube.delete(path)
            case PodDeed.EVICT:
                await self._evict(pod)
            case PodDeed.STRIP_LABELS:
                await self.kube.patch(path, {"metadata": {"labels": None}})
        return ""

    async def _evict(self, pod: Manifest) -> None:
        head = {"name": pod["metadata"]["name"], "namespace": pod["metadata"]["namespace"]}
        await self.kube.post(
            f"{_path(pod)}/eviction", {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": head}
        )

    async def _drain(self, lane: Lane, host: str) -> None:
        """As kubectl does it: again and again, for some seconds; the stranger is nobody's, so it stays."""
        until = time.monotonic() + 5.0
        while time.monotonic() < until:
            mine = [one for one in self.pods.of(lane.namespace) if one["spec"].get("nodeName") == host]
            ours = [one for one in mine if one["metadata"].get("ownerReferences") and not seen.leaves(one)]
            if not ours:
                return
            for one in ours:
                with contextlib.suppress(Refusal):
                    await self._evict(one)
            await asyncio.sleep(0.5)

    async def _router(self, lane: Lane, move: Router) -> str:
        pod = self._one(lane, "router", move.place)
        if pod is None:
            return "no router runs"
        match move.deed:
            case RouterDeed.DELETE:
                await self.kube.delete(_path(pod))
            case RouterDeed.KILL:
                await self.kube.delete(_path(pod), {"gracePeriodSeconds": 0})
            case RouterDeed.SILENT:
                self.pages.silent.add(pod["status"].get("podIP", ""))
        return ""

    async def _child(self, lane: Lane, move: Child) -> str:
        core, apps = f"/api/v1/namespaces/{lane.namespace}", f"/apis/apps/v1/namespaces/{lane.namespace}/deployments"
        rights = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{lane.namespace}/rolebindings"
        router = f"{lane.name}-router"
        engines = [one for one in self.deployments.of(lane.namespace) if one["metadata"]["name"] != router]
        match move.deed:
            case ChildDeed.DELETE_ENGINES | ChildDeed.SCALE_ENGINES if not engines:
                return "there are no engines"
            case ChildDeed.DELETE_ENGINES:
                await self.kube.delete(f"{apps}/{engines[0]['metadata']['name']}")
            case ChildDeed.SCALE_ENGINES:
                await self.kube.patch(f"{apps}/{engines[0]['metadata']['name']}", {"spec": {"replicas": 0}})
            case ChildDeed.DELETE_ROUTERS:
                await self.kube.delete(f"{apps}/{router}")
            case ChildDeed.EDIT_SERVICE:
                await self.kube.patch(f"{core}/services/{router}", {"spec": {"selector": {"app": "shop"}}})
            case ChildDeed.DELETE_SERVICE:
                await self.kube.delete(f"{core}/services/{router}")
            case ChildDeed.DELETE_CONFIG:
                await self.kube.delete(f"{core}/configmaps/{router}")
            case ChildDeed.DELETE_RIGHTS:
                await self.kube.delete(f"{rights}/{router}")
        return ""

    async def _secret(self, lane: Lane, move: Secret) -> None:
        path = f"/api/v1/namespaces/{lane.namespace}/secrets/{specs.SECRET}"
        match move.deed:
            case SecretDeed.DELETE:
                await self.kube.delete(path)
                lane.present.discard(f"Secret/{specs.SECRET}")
            case SecretDeed.CHANGE:
                await self.kube.patch(path, {"stringData": {"token": str(time.monotonic())}})
            case SecretDeed.WEBHOOK_GONE:
                return

    def _one(self, lane: Lane, role: str, place: int) -> Manifest | None:
        """The pod of a role that stands at a place, counted round."""
        words = {seen.OF: lane.name, seen.ROLE: role}
        found = [
            one
            for one in self.pods.of(lane.namespace)
            if words.items() <= (one["metadata"].get("labels") or {}).items() and not seen.leaves(one)
        ]
        found.sort(key=lambda one: str(one["metadata"]["name"]))
        return found[place % len(found)] if found else None

    async def _set(self, pod: Manifest, status: Manifest) -> None:
        await self.kube.patch(f"{_path(pod)}/status", {"status": status})

    async def _count_writes(self) -> None:
        """The proxy's log, read and forgotten."""
        lanes = {one.namespace: one for one in self.lanes}
        proxy = self.weather.proxy
        while True:
            log, proxy.log = proxy.log, []
            proxy.made.clear()
            proxy.counts.clear()
            for one in log:
                if one.asked.writes and one.asked.namespace in lanes and "events" not in one.asked.resource:
                    lanes[one.asked.namespace].writes += 1
            await asyncio.sleep(0.2)


def _lane(number: int) -> Lane:
    namespace = f"lane-{number:03d}"
    return Lane(
        number=number,
        namespace=namespace,
        name=f"chat-{number:03d}",
        nodes=tuple(f"{namespace}-{letter}" for letter in "ab"),
    )


def _wishes(lane: Lane) -> str:
    return f"/apis/fairlead.dev/v1alpha1/namespaces/{lane.namespace}/inferencedeployments"


def _path(pod: Manifest) -> str:
    where = pod["metadata"]
    return f"/api/v1/namespaces/{where['namespace']}/pods/{where['name']}"

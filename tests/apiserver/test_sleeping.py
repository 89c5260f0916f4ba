"""A real warm pool: engine processes, a router process, and the marks on pods of a real API server.

What Kubernetes would do (create pods, give them addresses) the test does; all else is the product's.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from devcluster.door import Embedded
from fairlead.cluster import kinds
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.availability import KindAvailability
from fairlead.cluster.connection import connect
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import ObjectStore
from fairlead.controller.children.applier import Applier
from fairlead.controller.children.child_losses import ChildLosses
from fairlead.controller.children.sleep_switch import SleepSwitch
from fairlead.controller.pods import pod_facts
from fairlead.controller.pods.pod_client import PodClient
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.router_keys import RouterKeys
from fairlead.objects import labels
from fairlead.objects.owner import Owner
from fairlead.planning.sleep_plan import SleepPlan
from house.tree import ROOT

ENGINES: Final = {"chat-a": "127.0.0.60", "chat-b": "127.0.0.61"}
ROUTER: Final = "127.0.0.62"
KEYS: Final = RouterKeys(secret=b"a secret of this story alone....")
OWNER: Final = Owner(namespace="asleep", name="chat", uid="u")
REVISION: Final = "0a0a0a0a"
START_S: Final = 3.0
WAKE_S: Final = 0.5
TIMEOUT_S: Final = 60.0
SERVE: Final = ("vllm", "serve", "meta-llama/Llama-3.2-1B-Instruct", "--served-model-name", "chat", "--max-model-len")
PROMPT: Final = {"model": "chat", "prompt": "one two three", "max_tokens": 8}
SURROUNDINGS: Final = {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}", "PATH": os.environ.get("PATH", "")}
PACE: Final = {"FAIRLEAD_ENGINE_TTFT_MS": "5", "FAIRLEAD_ENGINE_TPOT_MS": "2", "VLLM_SERVER_DEV_MODE": "1"}


@dataclass(kw_only=True)
class Pool:
    """Two engines, one router, and the switch that puts engines to sleep."""

    api: ApiServer
    http: aiohttp.ClientSession
    store: ObjectStore = field(default_factory=ObjectStore)
    statuses: list[int] = field(default_factory=list)
    losses: ChildLosses = field(default_factory=ChildLosses)

    def of(self, resource: kinds.Resource) -> ObjectStore:
        """Only pods are read."""
        assert resource is kinds.POD
        return self.store

    def availability(self, resource: kinds.Resource) -> KindAvailability:
        """Not used for routes."""
        del resource
        return KindAvailability.UNWATCHED

    def has_listed(self, resource: kinds.Resource) -> bool:
        """Only pods."""
        return resource is kinds.POD

    def is_left_out(self, namespace: str) -> bool:
        """Whether it may list nothing there."""
        assert namespace
        return False

    def note(self, manifest: Manifest) -> None:
        """Our own write."""
        self.store.put(manifest)

    def gone(self, manifest: Manifest) -> None:
        """Nothing is deleted."""
        self.store.drop(manifest)

    def pods(self) -> tuple[Manifest, ...]:
        """Both engines, as last received."""
        found = [self.store.find(OWNER.namespace, name) for name in ENGINES]
        return tuple(one for one in found if one is not None)

    async def states(self) -> dict[str, EndpointState]:
        """The engines' states at the router."""
        report = await self.pod_client.endpoints(_pod("router", ROUTER))
        return {one.pod: one.state for one in report.endpoints} if report is not None else {}

    @property
    def pod_client(self) -> PodClient:
        """The controller's own."""
        return PodClient(self.http, router_keys=KEYS)

    async def request_once(self) -> int:
        """Send one request through the router."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with self.http.post(f"http://{ROUTER}:8080/v1/completions", json=PROMPT, timeout=timeout) as answer:
            await answer.read()
            self.statuses.append(answer.status)
            return answer.status

    async def keep_requesting(self) -> None:
        """Send requests one after another until stopped."""
        while True:
            await self.request_once()
            await asyncio.sleep(0.01)

    async def is_asleep(self, name: str) -> bool:
        """As the engine itself reports."""
        async with self.http.get(f"http://{ENGINES[name]}:8000/is_sleeping") as answer:
            return bool((await answer.json())["is_sleeping"])

    async def turn(self, sleepers: SleepSwitch, **document: tuple[str, ...]) -> None:
        """Run passes one after another until no engine is in transition."""
        wanted, turning = SleepPlan(**document), True
        async with asyncio.timeout(TIMEOUT_S):
            while turning:
                router = _pod("router", ROUTER)
                seen = pod_facts.merged_reports([await self.pod_client.endpoints(router)])
                observed = DeploymentSnapshot(
                    document={}, owner=OWNER, engines=(), pods={REVISION: self.pods()}, routers=(router,)
                )
                turning = await sleepers.carry_out(observed, wanted, seen, EngineKind.SIMULATED)
                wanted = SleepPlan(stay=(*wanted.stay, *wanted.fall), wake=wanted.wake if turning else ())
                await asyncio.sleep(0.02)


def _pod(name: str, ip: str) -> Manifest:
    """A pod in a cluster's form."""
    metadata = {"name": name, "namespace": OWNER.namespace, "labels": labels.engine(OWNER.name, REVISION)}
    spec = {"containers": [{"name": "engine", "image": "fairlead"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": _status(ip)}


def _status(ip: str) -> Manifest:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-11-20T12:00:00Z"}
    began: Manifest = {"name": "engine", "image": "fairlead", "imageID": "", "containerID": f"containerd://{ip}"}
    began |= {"ready": True, "restartCount": 0}
    return {"phase": "Running", "podIP": ip, "conditions": [ready], "containerStatuses": [began]}


@asynccontextmanager
async def _process(*words: str, log: Path, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run one of the product's programs, ended with the test."""
    with log.open("wb") as sink:
        running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "fairlead", *words),
            env=SURROUNDINGS | environment,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        await running.wait()


async def _until(read: Callable[[], Any]) -> None:
    """Poll until it is true."""
    async with asyncio.timeout(TIMEOUT_S):
        while not await read():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def pool(door: Embedded, folder: Path) -> AsyncIterator[Pool]:
    """Two engines, both routable."""
    door.kubectl("create", "namespace", OWNER.namespace)
    door.kubectl("create", "serviceaccount", "default", "-n", OWNER.namespace)
    texts = {"renderedFrom": "test", "namespace": OWNER.namespace, "selector": labels.as_text(labels.engines("chat"))}
    config, key = folder / "router.json", KEYS.sha256(OWNER.namespace, OWNER.name)
    config.write_text(json.dumps(texts | {"models": ["chat"], "metricsKeys": [key], "routing": {}}))
    knobs = PACE | {"FAIRLEAD_ENGINE_START_SECONDS": str(START_S), "FAIRLEAD_ENGINE_WAKE_SECONDS": str(WAKE_S)}
    async with AsyncExitStack() as stack:
        api = ApiServer(await stack.enter_async_context(await connect({"KUBECONFIG": str(door.kubeconfig)})))
        found = Pool(api=api, http=await stack.enter_async_context(aiohttp.ClientSession()))
        for name, ip in ENGINES.items():
            served = (*SERVE, "2048", "--host", ip, "--port", "8000", "--enable-sleep-mode")
            words = ("engine", "--product", "NVIDIA-L4", "--", *served)
            await stack.enter_async_context(_process(*words, log=folder / f"{name}.log", **knobs))
            made = await api.create(_pod(name, ip))
            head = {key: made["metadata"][key] for key in ("name", "namespace", "uid")}
            shown = {"apiVersion": "v1", "kind": "Pod", "metadata": head, "status": _status(ip)}
            found.note(await api.apply(shown, manager="kubelet", subresource="status"))
        routed = ("router", "--config", str(config), "--host", ROUTER)
        kubeconfig = {"KUBECONFIG": str(door.kubeconfig)}
        await stack.enter_async_context(_process(*routed, log=folder / "router.log", **kubeconfig))

        async def routable() -> bool:
            return await found.states() == dict.fromkeys(ENGINES, EndpointState.ROUTABLE)

        await _until(routable)
        yield found


def test_engines_sleep_and_wake_under_traffic_and_from_zero_and_no_request_is_lost(
    api_server: Embedded, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async def story() -> dict[str, float]:
        async with pool(api_server, tmp_path) as engines:
            sleepers = SleepSwitch(engines.pod_client, Applier(engines.api, engines))
            tasks = [asyncio.create_task(engines.keep_requesting()) for _ in range(4)]
            for name, other in (("chat-b", "chat-a"), ("chat-a", "chat-b")):
                await engines.turn(sleepers, fall=(name,))
                assert (await engines.is_asleep(name), await engines.is_asleep(other)) == (True, False)
                assert await engines.states() == {name: EndpointState.NOT_READY, other: EndpointState.ROUTABLE}
                await engines.turn(sleepers, wake=(name,))

                async def serves(name: str = name) -> bool:
                    return (await engines.states())[name] is EndpointState.ROUTABLE

                await _until(serves)
            for one in tasks:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await engines.turn(sleepers, fall=tuple(ENGINES))
            held = asyncio.create_task(engines.request_once())
            await asyncio.sleep(0.5)
            assert not held.done()
            begun = time.monotonic()
            await engines.turn(sleepers, stay=("chat-b",), wake=("chat-a",))
            assert await held == 200
            woken = time.monotonic() - begun
            assert await engines.is_asleep("chat-b")
            assert set(engines.statuses) == {200}
            return {"requests": len(engines.statuses), "seconds_from_sleep_to_an_answer": round(woken, 2)}

    figures = asyncio.run(story())
    for name, figure in figures.items():
        record_property(name, figure)
    assert figures["requests"] > 50

"""Three autoscalers share deployments; one is killed, one joins, one leaves: who decides what, and after how long.

Uses an API server and etcd, pods that are only objects, and one server that answers for all of them. Whether two ever
decided the same deployment at once is read from the records of all processes. `python -m bench.autoscaler_shards`.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiohttp import web

from devcluster import owners, plan, progress, teardown
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.layout import Layout
from devcluster.up import up
from fairlead.api.kinds import API_VERSION
from fairlead.cluster import connection, kinds
from fairlead.cluster.api_server import ApiServer
from house.tree import ROOT
from tests.faults.answering_pods import Load, engine_page, router_page

NAMESPACE: Final = "shards"
PODS: Final = "127.0.0.70"
MEMBERS: Final = ("127.0.0.71", "127.0.0.72", "127.0.0.73", "127.0.0.74")
LEASE_S: Final = 15.0
WITHIN_S: Final = 2 * LEASE_S
"""After a process dies: one Lease, a check of the others, and the time to discover new pods."""
TIMEOUT_S: Final = 90.0
MOST: Final = 64
TARGET: Final = 2
_WHO: Final = re.compile(rb'"name":"([^"]+)","now":([0-9.e+]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured."""

    deployments: int
    shares: tuple[int, ...]
    """Deployments per process before one is killed."""
    change_s: float
    """From a change of all queues until every status reflects it."""
    death_s: float
    """The same, with a process killed at that moment."""
    coming_s: float
    """The same, while a new process joins."""
    going_s: float
    """The same, while one shuts down."""
    decisions: int
    at_once: int
    """Deployments that a process decided again after another had taken them over."""


class Decided(NamedTuple):
    """The fields of a decision that matter here."""

    name: str
    now: float
    by: str


@dataclass(slots=True, kw_only=True)
class Member:
    """One autoscaler process."""

    host: str
    folder: Path
    process: subprocess.Popen[bytes]

    def decided(self) -> Iterator[Decided]:
        """The decisions it has recorded so far."""
        for path in sorted(self.folder.glob("decisions.jsonl*")):
            for line in path.read_bytes().splitlines():
                if (found := _WHO.search(line[:300])) is not None:
                    yield Decided(found[1].decode(), float(found[2]), self.host)


@asynccontextmanager
async def answering(load: Load) -> AsyncIterator[None]:
    """Serve every pod from one address."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(text=engine_page(load))

    async def endpoints(_: web.Request) -> web.Response:
        return web.json_response(router_page(load, ()))

    runners = []
    for port in (8000, 9090):
        app = web.Application()
        app.add_routes([web.get("/metrics", metrics), web.get("/fairlead/v1/endpoints", endpoints)])
        runners.append(web.AppRunner(app, access_log=None))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], PODS, port).start()
    try:
        yield
    finally:
        for runner in runners:
            await runner.cleanup()


@contextmanager
def member(number: int, kubeconfig: Path, folder: Path) -> Iterator[Member]:
    """Run one process until the block ends."""
    host, own = MEMBERS[number], folder / f"member-{number}"
    own.mkdir()
    environment = os.environ | {"KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(ROOT / "operator")}
    words = [sys.executable, "-m", "fairlead", "autoscaler", "--host", host, "--lease-namespace", NAMESPACE]
    words += ["--identity", f"member-{number}", "--lease-seconds", str(LEASE_S), "--decisions", str(own)]
    words += ["--nodes-grow"]
    with (folder / f"member-{number}.log").open("ab") as sink:
        process = subprocess.Popen(words, env=environment, stdout=sink, stderr=sink)
    try:
        yield Member(host=host, folder=own, process=process)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


async def measure(door: Embedded, count: int, folder: Path) -> Figures:
    """Measure all figures."""
    load = Load()
    way = await connection.connect({"KUBECONFIG": str(door.kubeconfig)}, Path("/nonexistent"))
    async with way, answering(load):
        api = ApiServer(way)
        with progress.step(f"creating {count} deployments with an engine and a router each"):
            await _create(api, count)
        with member(0, door.kubeconfig, folder) as one, member(1, door.kubeconfig, folder) as two:
            with member(2, door.kubeconfig, folder) as three:
                with progress.step("three processes share them"):
                    await _until(api, load, 2, TIMEOUT_S)
                    change = await _until(api, load, 4, TIMEOUT_S)
                    shares = _shares((one, two, three))
                with progress.step("one is killed"):
                    three.process.send_signal(signal.SIGKILL)
                    death = await _until(api, load, 8, TIMEOUT_S)
            with member(3, door.kubeconfig, folder) as four:
                with progress.step("a new one comes"):
                    coming = await _until(api, load, 16, TIMEOUT_S)
                    await _decides(four)
                with progress.step("one is told to end"):
                    one.process.terminate()
                    going = await _until(api, load, 32, TIMEOUT_S)
                everyone = [found for each in (one, two, three, four) for found in each.decided()]
    return Figures(
        deployments=count,
        shares=shares,
        change_s=round(change, 1),
        death_s=round(death, 1),
        coming_s=round(coming, 1),
        going_s=round(going, 1),
        decisions=len(everyone),
        at_once=at_once(everyone),
    )


def at_once(everyone: Iterable[Decided]) -> int:
    """Count deployments that returned to a process that had lost them: no process comes back here, so none should."""
    turns: dict[str, list[str]] = {}
    for one in sorted(everyone, key=lambda found: found.now):
        by = turns.setdefault(one.name, [])
        if not by or by[-1] != one.by:
            by.append(one.by)
    return sum(len(by) != len(set(by)) for by in turns.values())


async def _until(api: ApiServer, load: Load, replicas: int, within: float) -> float:
    """Set queues for so many replicas; return seconds until every status says so."""
    load.waiting = float(replicas * TARGET)
    began = time.monotonic()
    entries: list[object] = []
    while time.monotonic() - began < within:
        listed = await api.listing(kinds.INFERENCE_DEPLOYMENT, NAMESPACE)
        entries = [((one.get("status") or {}).get("scaling") or {}).get("recommended") for one in listed.items]
        if all(one == replicas for one in entries):
            return time.monotonic() - began
        await asyncio.sleep(0.1)
    raise AssertionError(f"after {within:.0f} s not every deployment is to have {replicas} replicas: {entries}")


async def _decides(one: Member) -> None:
    """Wait until a new member has taken its share."""
    for _ in range(int(TIMEOUT_S)):
        if any(True for _ in one.decided()):
            return
        await asyncio.sleep(1.0)
    raise AssertionError(f"{one.host} decides nothing")


def _shares(some: Iterable[Member]) -> tuple[int, ...]:
    return tuple(len({found.name for found in one.decided()}) for one in some)


async def _create(api: ApiServer, count: int) -> None:
    await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    account = {"name": "default", "namespace": NAMESPACE}
    await api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    await api.create(_policy())
    for number in range(count):
        name = f"model-{number:03d}"
        await api.create(_deployment(name))
        for role in ("engine", "router"):
            made = await api.create(_pod(name, role))
            await api.apply(_status(made), subresource="status")


def _policy() -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "AutoscalingPolicy",
        "metadata": {"name": "queue", "namespace": NAMESPACE},
        "spec": {
            "signals": {"queueDepth": {"targetPerReplica": TARGET}},
            "behavior": {"scaleUp": {"maxStep": MOST, "maxFactor": "10"}},
        },
    }


def _deployment(name: str) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "InferenceDeployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"},
            "engine": {"kind": "Simulated"},
            "accelerator": {"product": "NVIDIA-L4"},
            "scaling": {"minReplicas": 1, "maxReplicas": MOST, "policy": {"name": "queue"}},
        },
    }


def _pod(name: str, role: str) -> dict[str, Any]:
    labels = {"fairlead.dev/deployment": name, "fairlead.dev/role": role, "app.kubernetes.io/managed-by": "fairlead"}
    labels |= {"fairlead.dev/revision": "00000000"} if role == "engine" else {}
    spec = {"nodeName": "nowhere", "containers": [{"name": "one", "image": "none"}]}
    metadata = {"name": f"{name}-{role}", "namespace": NAMESPACE, "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _status(pod: Mapping[str, Any]) -> dict[str, Any]:
    since = pod["metadata"]["creationTimestamp"]
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
    metadata = {name: pod["metadata"][name] for name in ("name", "namespace", "uid")}
    status = {"phase": "Running", "podIP": PODS, "podIPs": [{"ip": PODS}], "conditions": [ready]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def main(argv: list[str] | None = None) -> int:
    """Print the figures; 0 when none was decided by two at once, and all again in time."""
    parser = argparse.ArgumentParser(prog="bench.autoscaler_shards")
    parser.add_argument("--deployments", type=int, default=60)
    chosen = parser.parse_args(argv)
    cache, layout = Cache.chosen(), Layout.of(Cache.chosen(), f"shards-{os.getpid()}")
    with tempfile.TemporaryDirectory() as folder:
        try:
            door = Embedded(up(plan.make(layout.name, ()), cache, owners.mine()))
            door.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
            door.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
            found = asyncio.run(measure(door, chosen.deployments, Path(folder)))
        finally:
            left = teardown.down(layout)
    print(json.dumps(asdict(found)))
    held = not left and found.at_once == 0 and found.death_s <= WITHIN_S
    print(
        f"{found.deployments} deployments, 3 autoscalers: one killed, all decided again within {found.death_s:g} s; "
        f"{found.at_once} decided by two at once in {found.decisions} decisions"
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())

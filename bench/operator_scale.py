"""How the operator handles 1,000 deployments: time to converge, cost at rest, time until an edit is written.

An API server and etcd without nodes or controllers: only the operator is measured. `python -m bench.operator_scale`.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench import lease_holder, operator_process
from bench.operator_process import Running
from devcluster import owners, plan, progress, teardown
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.up import CannotStart, up
from fairlead.cluster import connection, kinds
from fairlead.cluster.api_server import ApiServer, WatchEventType
from house.tree import ROOT

NAMESPACES: Final = 20
AT_ONCE: Final = 32
EDITS: Final = 60
REST_S: Final = 60.0
SETTLE_S: Final = 30.0
"""No controller creates pods here, which each status reports once, ten seconds after it should have."""
START_S: Final = 5.0
"""For the other process to start."""
TIMEOUT_S: Final = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was measured."""

    deployments: int
    converge_s: float
    edit_p50_s: float
    edit_p95_s: float
    rest_core_share: float
    lease_core_share: float
    """Meanwhile, of a process that only renews a Lease: what a pause costs afterwards differs by machine and hour."""
    memory_mb: float
    memory_peak_mb: float
    writes: int
    writes_at_rest: int
    restart_s: float
    restart_writes: int


class Rest(NamedTuple):
    """What the operator did while nothing happened, beside a process that only renews a Lease."""

    core_share: float
    lease_core_share: float
    writes: int


def document(number: int) -> dict[str, Any]:
    """One of many deployments, each slightly different."""
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": {"name": f"model-{number:04d}", "namespace": f"team-{number % NAMESPACES:02d}"},
        "spec": {
            "model": {"source": "hf://meta-llama/Llama-3.1-8B-Instruct"},
            "engine": {"kind": "Simulated", "context": {"maxTokens": 4096 + 16 * (number % 64)}},
            "accelerator": {"product": "NVIDIA-L4"},
            "replicas": 1,
        },
    }


async def measure(kubeconfig: Path, count: int, rest_s: float, folder: Path) -> Figures:
    """Measure all figures, on an API server that has our CRDs."""
    way = await connection.connect({"KUBECONFIG": str(kubeconfig)}, Path("/nonexistent"))
    async with way:
        api = ApiServer(way)
        with progress.step(f"creating {count} deployments in {NAMESPACES} namespaces"):
            await _create(api, count)
        with operator_process.running(kubeconfig, folder) as operator:
            with progress.step("converging") as step:
                converge = await _converged(api, count, step)
            await asyncio.sleep(SETTLE_S)
            writes = sum(operator.writes().values())
            with progress.step(f"watching it rest for {rest_s:.0f} s"):
                rest = await _rest(operator, kubeconfig, rest_s)
            with progress.step(f"{EDITS} edits, one after the other"):
                edits = await _edits(api, count)
            memory, peak = operator.memory_mb(), operator.memory_mb("VmHWM")
        started = time.monotonic()
        with operator_process.running(kubeconfig, folder) as operator:
            with progress.step("a restart"):
                restart = await _listed(operator, count, started)
                await asyncio.sleep(30.0)
            restart_writes = sum(operator.writes().values())
    return Figures(
        deployments=count,
        converge_s=converge,
        edit_p50_s=statistics.median(edits),
        edit_p95_s=statistics.quantiles(edits, n=20)[-1],
        rest_core_share=rest.core_share,
        lease_core_share=rest.lease_core_share,
        memory_mb=memory,
        memory_peak_mb=peak,
        writes=writes,
        writes_at_rest=rest.writes,
        restart_s=restart,
        restart_writes=restart_writes,
    )


async def _create(api: ApiServer, count: int) -> None:
    for number in range(NAMESPACES):
        head = {"name": f"team-{number:02d}"}
        await api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": head}, manager="bench")
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await api.apply(document(number), manager="bench")

    await asyncio.gather(*(one(number) for number in range(count)))


async def _converged(api: ApiServer, count: int, step: progress.Step) -> float:
    """Seconds until each has its children and reports so; children are applied before the status."""
    started = time.monotonic()
    done: set[str] = set()
    listed = await api.listing(kinds.INFERENCE_DEPLOYMENT)
    done.update(_name(one) for one in listed.items if _reported(one))
    watched = api.watch(kinds.INFERENCE_DEPLOYMENT, None, "", listed.resource_version)
    async with aclosing(watched) as events:
        async for event in events:
            if event.type is WatchEventType.MODIFIED and _reported(event.manifest):
                done.add(_name(event.manifest))
                step.at(f"{len(done)} of {count}")
            if len(done) >= count:
                return time.monotonic() - started
            if time.monotonic() - started > TIMEOUT_S:
                break
    raise AssertionError(f"{len(done)} of {count} after {time.monotonic() - started:.0f} s")


async def _rest(operator: Running, kubeconfig: Path, seconds: float) -> Rest:
    with lease_holder.running(kubeconfig) as holder:
        await asyncio.sleep(START_S)
        writes, cpu, lease_cpu = sum(operator.writes().values()), operator.cpu_seconds(), holder.cpu_seconds()
        await asyncio.sleep(seconds)
        return Rest(
            core_share=(operator.cpu_seconds() - cpu) / seconds,
            lease_core_share=(holder.cpu_seconds() - lease_cpu) / seconds,
            writes=sum(operator.writes().values()) - writes,
        )


async def _edits(api: ApiServer, count: int) -> list[float]:
    """Seconds from the answer to an edit until the engine Deployment has it."""
    chance, seconds = random.Random(1), []  # noqa: S311  # which ones, not a secret
    listed = await api.listing(kinds.DEPLOYMENT)
    async with aclosing(api.watch(kinds.DEPLOYMENT, None, "", listed.resource_version)) as events:
        waiting = aiter(events)
        for number in chance.sample(range(count), min(EDITS, count)):
            wanted = document(number)
            wanted["spec"]["replicas"] = 2
            await api.apply(wanted, manager="bench")
            started = time.monotonic()
            while not _is_written((await anext(waiting)).manifest, f"{wanted['metadata']['name']}-"):
                continue
            seconds.append(time.monotonic() - started)
            await asyncio.sleep(0.2)
    return seconds


def _is_written(one: dict[str, Any], prefix: str) -> bool:
    """Whether this is the engine Deployment with the edit's count."""
    name = str((one.get("metadata") or {}).get("name", ""))
    engine = name.startswith(prefix) and not name.endswith("-router")
    return engine and (one.get("spec") or {}).get("replicas") == 2


async def _listed(operator: Running, count: int, started: float) -> float:
    """Seconds until a restart has reconciled each object once."""
    while True:
        for line in operator.page().splitlines():
            if line.startswith("fairlead_operator_reconcile_seconds_count ") and float(line.split()[1]) >= count:
                return time.monotonic() - started
        await asyncio.sleep(0.2)


def _reported(one: dict[str, Any]) -> bool:
    return bool((one.get("status") or {}).get("observedGeneration"))


def _name(one: dict[str, Any]) -> str:
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


def run(count: int, rest_s: float) -> Figures:
    """Measure on an API server of its own."""
    try:
        layout = up(plan.make("bench-operator", ()), Cache.chosen(), owners.mine())
    except CannotStart as problem:
        raise SystemExit(f"bench: {problem}") from None
    try:
        door = Embedded(layout)
        door.kubectl("apply", "--server-side", "-f", str(ROOT / "crds"))
        door.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        with tempfile.TemporaryDirectory() as folder:
            return asyncio.run(measure(door.kubeconfig, count, rest_s, Path(folder)))
    finally:
        teardown.down(layout)


def as_text(found: Figures) -> str:
    """One line per figure."""
    return "\n".join(
        f"{name.replace('_', ' '):<18} {value:>10.3f}"
        if isinstance(value, float)
        else f"{name.replace('_', ' '):<18} {value:>10}"
        for name, value in asdict(found).items()
    )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="bench.operator_scale")
    parser.add_argument("--deployments", type=int, default=1000)
    parser.add_argument("--rest", type=float, default=REST_S, metavar="SECONDS", help="how long it is watched at rest")
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text")
    chosen = parser.parse_args()
    found = run(chosen.deployments, chosen.rest)
    print(json.dumps(asdict(found)) if chosen.output == "json" else as_text(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m bench.gateway_scale`: 100 models, 200 tenants and 1,000 engine pods behind three router processes.

A fake API server holds the pods and the gateway's ConfigMap; one process serves the addresses of all engines, probes
and scrapes included. While requests for all models run, the ConfigMap is changed again and again: another model,
another tenant, another target of a route. Each change is timed until the last router acts on it, by a request that only
the change makes possible. Then the memory of each router is read. The last line has the figures.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Any, Final

import uvloop

from bench.gateway_world.answering import EngineSide, Json, chat_answer
from bench.gateway_world.kept_client import KeptClient
from bench.gateway_world.routers import HOST
from bench.router_world import running
from bench.router_world.running import Process
from fairlead.cluster.kinds import CONFIG_MAP, POD
from tests.cluster.fake_api import FakeApi

ROUTERS: Final = 3
MODELS, TENANTS, PODS = 100, 200, 1000
MAX_SECONDS: Final = 2.0
MAX_MB: Final = 150.0
CHANGES: Final = 15
PORT: Final = 8381
ENGINE_PORT: Final = 8399
KEY: Final = "sk-operator"
NAME: Final = "company-gateway"
TRY_SECONDS: Final = 0.01
PAUSE_SECONDS: Final = 0.05
"""Between two requests of a router's load."""
START_SECONDS: Final = 200.0


def target(number: int) -> Json:
    """One deployment."""
    name = f"model-{number:03d}"
    selector = f"fairlead.dev/deployment={name},fairlead.dev/role=engine"
    return {
        "target": f"ns/{name}",
        "namespace": "ns",
        "selector": selector,
        "enginePort": ENGINE_PORT,
        "models": [name],
        "maxContextTokens": 8192,
        "pricePerHour": "2.50",
    }


def route(number: int) -> Json:
    """A model by its clients' name, with a fallback; every other one has rules."""
    where, other = f"ns/model-{number:03d}", f"ns/model-{(number + 1) % MODELS:03d}"
    found: Json = {"name": f"alias-{number:03d}", "strategy": "Single", "target": where}
    if number % 2:
        rule = {"name": "long", "when": {"expression": "promptTokens > 4000 || tools"}, "target": other}
        found |= {"strategy": "Rules", "rules": [rule]}
    return found | {"fallback": {"targets": [other], "reasons": ["Unavailable", "EngineError"]}}


def pod(number: int) -> Json:
    """One engine, with an address of its own."""
    labels = {
        "fairlead.dev/deployment": f"model-{number % MODELS:03d}",
        "fairlead.dev/role": "engine",
        "fairlead.dev/revision": "r1",
    }
    address = f"127.1.{number // 250}.{1 + number % 250}"
    status = {"phase": "Running", "podIP": address, "conditions": [{"type": "Ready", "status": "True"}]}
    metadata = {"name": f"engine-{number:04d}", "namespace": "ns", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "status": status}


def tenant(number: int) -> str:
    """Its name."""
    return f"tenant-{number:03d}"


@dataclass(slots=True)
class Gateway:
    """The ConfigMap's document, and the routers that follow it."""

    folder: Path
    document: Json
    fake: FakeApi = field(default_factory=FakeApi)
    processes: list[Process] = field(default_factory=list)
    clients: list[KeptClient] = field(default_factory=list)
    failed: int = 0
    answered: int = 0

    def publish(self) -> None:
        """Publish it as the operator does."""
        metadata = {"name": NAME, "namespace": "ns"}
        data = {"router.json": json.dumps(self.document)}
        self.fake.put(CONFIG_MAP, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})

    async def sent(self, place: int, model: str, name: str) -> tuple[int, str]:
        """Send one request to one router; return its status, and the target that answered."""
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 4}
        head = {"authorization": f"Bearer sk-{name}"}
        answer = await self.clients[place].post("/v1/chat/completions", body, head)
        return answer.status, answer.headers.get("x-fairlead-target", "")

    def memory(self) -> list[float]:
        """Of each router, in MB."""
        return [_resident(one) for one in self.processes]


def _resident(process: Process) -> float:
    pages = int(Path(f"/proc/{process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def started(folder: Path, stack: AsyncExitStack) -> Gateway:
    """Start all, every engine routable at every router."""
    keys = folder / "keys"
    keys.mkdir()
    for number in range(TENANTS + CHANGES):
        (keys / f"{tenant(number)}.sha256").write_text(sha256(f"sk-{tenant(number)}".encode()).hexdigest())
    gateway = Gateway(folder, _document(keys))
    for number in range(PODS):
        gateway.fake.put(POD, pod(number))
    gateway.publish()
    await stack.enter_async_context(gateway.fake.served())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: EngineSide(_answer), "0.0.0.0", ENGINE_PORT, backlog=4096)  # noqa: S104 - every engine's address
    stack.callback(server.close)
    config = folder / "router.json"
    config.write_text(json.dumps(gateway.document), encoding="utf-8")
    for place in range(ROUTERS):
        port = PORT + place
        words = ("bench.gateway_scale.following", str(config), gateway.fake.address, HOST, str(port))
        process = await running.started(*words, sign=b"listening", port=port)
        stack.push_async_callback(_end, process)
        reader = asyncio.create_task(running.drained(process))
        stack.callback(reader.cancel)
        gateway.processes.append(process)
        gateway.clients.append(KeptClient(HOST, port))
        stack.callback(gateway.clients[-1].close)
    for place in range(ROUTERS):
        await _until_routable(place)
    return gateway


def _document(keys: Path) -> Json:
    limits: Json = {"maxConcurrency": 100, "requestsPerMinute": 60_000}
    return {
        "renderedFrom": "bench",
        "namespace": "ns",
        "configMap": NAME,
        "routers": ROUTERS,
        "tenantKeys": str(keys),
        "metricsKeys": [sha256(KEY.encode()).hexdigest()],
        "targets": [target(number) for number in range(MODELS)],
        "routes": [route(number) for number in range(MODELS)],
        "routing": {"tenants": [{"name": tenant(number)} | limits for number in range(TENANTS)]},
    }


async def _answer(document: Json, side: EngineSide) -> None:
    del document
    side.whole(chat_answer("tide", 10, 1))


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


async def _until_routable(place: int) -> None:
    client, until = KeptClient(HOST, PORT + 1000 + place), monotonic() + START_SECONDS
    while monotonic() < until:
        page = (await client.get("/fairlead/v1/endpoints", {"authorization": f"Bearer {KEY}"})).json
        every = [one["state"] for found in page["targets"].values() for one in found["endpoints"]]
        if len(every) == PODS and set(every) == {"routable"}:
            client.close()
            return
        await asyncio.sleep(0.5)
    raise SystemExit(f"bench: router {place} has no {PODS} routable engines after {START_SECONDS:g} s")


async def load(gateway: Gateway, place: int) -> None:
    """Send requests for all models by all tenants to one router, until cancelled."""
    number = place
    while True:
        status, _ = await gateway.sent(place, f"alias-{number % MODELS:03d}", tenant(number % TENANTS))
        gateway.answered += status == 200
        gateway.failed += status != 200
        number += 7
        await asyncio.sleep(PAUSE_SECONDS)


async def changed(gateway: Gateway, number: int) -> float:
    """Make a change; return seconds until all routers act on it."""
    document, kind = gateway.document, number % 3
    if kind == 0:
        name = f"new-{number:02d}"
        document["routes"].append(route(number) | {"name": name})
        check = _answers(gateway, name, tenant(0), "")
    elif kind == 1:
        name = tenant(TENANTS + number)
        document["routing"]["tenants"].append({"name": name})
        check = _answers(gateway, "alias-000", name, "")
    else:
        moved = MODELS - 1 - number
        document["routes"][0]["target"] = f"ns/model-{moved:03d}"
        check = _answers(gateway, "alias-000", tenant(0), f"ns/model-{moved:03d}")
    began = monotonic()
    gateway.publish()
    seconds = await asyncio.gather(*(_seconds(check, place, began) for place in range(ROUTERS)))
    return max(seconds)


def _answers(gateway: Gateway, model: str, name: str, where: str) -> Callable[[int], Awaitable[bool]]:
    async def check(place: int) -> bool:
        status, found = await gateway.sent(place, model, name)
        return status == 200 and where in ("", found)

    return check


async def _seconds(check: Callable[[int], Awaitable[bool]], place: int, began: float) -> float:
    while not await check(place):  # noqa: ASYNC110 - of another process
        await asyncio.sleep(TRY_SECONDS)
    return monotonic() - began


async def measured(folder: Path, changes: int) -> dict[str, Any]:
    """Make all changes and measure."""
    async with AsyncExitStack() as stack:
        gateway = await started(folder, stack)
        loads = [asyncio.create_task(load(gateway, place)) for place in range(ROUTERS)]
        seconds = []
        for number in range(changes):
            await asyncio.sleep(0.5)
            seconds.append(await changed(gateway, number))
        for one in loads:
            one.cancel()
        await asyncio.gather(*loads, return_exceptions=True)
        return {
            "seconds": seconds,
            "memory": gateway.memory(),
            "answered": gateway.answered,
            "failed": gateway.failed,
        }


def main() -> int:
    """Measure and print; 0 if both bounds hold."""
    parser = argparse.ArgumentParser(prog="bench.gateway_scale", description=__doc__)
    parser.add_argument("--changes", type=int, default=CHANGES)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        found = runner.run(measured(Path(folder), options.changes))
    slowest, memory = max(found["seconds"]), max(found["memory"])
    print(f"seconds of each change: {', '.join(f'{one:.2f}' for one in found['seconds'])}")
    print(
        f"{MODELS} models, {TENANTS} tenants, {PODS:,} engine pods, {ROUTERS} routers: {options.changes} changes reach "
        f"all routers in {median(found['seconds']):.2f} s, the slowest in {slowest:.2f} s (at most {MAX_SECONDS:g}); "
        f"{memory:.0f} MB a router (at most {MAX_MB:g} MB); {found['answered']:,} requests meanwhile, "
        f"{found['failed']} failed"
    )
    return 0 if slowest <= MAX_SECONDS and memory <= MAX_MB and not found["failed"] else 1


if __name__ == "__main__":
    raise SystemExit(main())

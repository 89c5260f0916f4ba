"""A gateway's router as a process: its file, its clients, its pages."""

import asyncio
import json
import re
import signal
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.gateway_world.kept_client import Answered, KeptClient
from bench.router_world import running
from bench.router_world.running import Process

HOST: Final = "127.0.0.32"
END_SECONDS: Final = 20.0
Json = dict[str, Any]


@dataclass(slots=True)
class RouterProcess:
    """A router that serves."""

    process: Process
    clients: KeptClient
    pages: KeptClient
    port: int

    async def metrics(self) -> dict[str, float]:
        """Every sample of its page, by name and labels as written there."""
        page = (await self.pages.get("/metrics")).body.decode()
        lines = (line.rpartition(" ") for line in page.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    async def total(self, name: str, **labels: str) -> float:
        """The sum of a family's samples that have these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        samples = (await self.metrics()).items()
        found = [n for one, n in samples if re.split("[{ ]", one)[0] == name and all(w in one for w in wanted)]
        return sum(found)

    async def chat(
        self, document: Json, key: str, headers: Mapping[str, str] | None = None, *, leave: float | None = None
    ) -> Answered:
        """Send one chat request with this key."""
        lines = {"authorization": f"Bearer {key}"} | dict(headers or {})
        return await self.clients.post("/v1/chat/completions", document, lines, leave=leave)

    async def until_routable(self) -> None:
        """Wait until every engine takes requests."""
        while True:
            page = (await self.pages.get("/fairlead/v1/endpoints")).json
            states = {one["state"] for target in page["targets"].values() for one in target["endpoints"]}
            if states <= {"routable"}:
                return
            await asyncio.sleep(0.02)


@asynccontextmanager
async def router(config: Path, port: int) -> AsyncIterator[RouterProcess]:
    """Run it until the block ends; its access log is beside its file."""
    listening = ("--host", HOST, "--port", str(port), "--metrics-port", str(port + 1000), "--linger", "0")
    words = ("fairlead", "router", "--config", str(config), *listening)
    process = await running.started(
        *words, "--access-log", str(config.with_suffix(".log")), sign=b"listening", port=port
    )
    reader = asyncio.create_task(running.drained(process))
    made = RouterProcess(process, KeptClient(HOST, port), KeptClient(HOST, port + 1000), port)
    try:
        await made.until_routable()
        yield made
    finally:
        made.clients.close()
        made.pages.close()
        await end(made)
        await reader


async def end(router: RouterProcess) -> None:
    """Stop it as Kubernetes does."""
    process = router.process
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), END_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()


def written(folder: Path, name: str = "router", **document: Any) -> Path:  # noqa: ANN401 - any JSON
    """Write the file of a gateway's router."""
    found: Json = {"renderedFrom": "bench", "namespace": "ns", "targets": [], "externals": [], "routes": []}
    path = folder / f"{name}.json"
    fresh = folder / f"{name}.json.new"
    fresh.write_text(json.dumps(found | document), encoding="utf-8")
    return fresh.replace(path)


def tenants(folder: Path, names: Iterable[str], **limits: Any) -> list[Json]:  # noqa: ANN401 - any JSON
    """Tenants with one key each, `sk-NAME`."""
    made = []
    for name in names:
        place = folder / f"{name}.key"
        place.write_text(f"sk-{name}", encoding="utf-8")
        made.append({"name": name, "keyFiles": [str(place)]} | limits)
    return made


def external(name: str, address: str, **prices: str) -> Json:
    """An external API, with its prices for a million tokens."""
    return {"name": f"external/{name}", "url": f"http://{address}/v1", "model": name, "prices": prices}

"""The processes of one run: engines that restart after they are killed, a router, and readings of its state."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from house.tree import ROOT

HOST: Final = "127.0.0.22"
PORT: Final = 8470
METRICS_PORT: Final = 9470
ENGINES: Final = (8481, 8482, 8483)
KEYS: Final = ("sk-leaks-a", "sk-leaks-b")
NARROW: Final = "sk-leaks-narrow"
"""The key of a tenant that may have one request in flight: its others wait in the router's queue."""
SLOTS: Final = 24
"""Of one engine: few, so that requests wait in the router's queue."""
Process = asyncio.subprocess.Process


async def started(*words: str, sign: bytes, port: int) -> Process:
    """Start one of our programs, and wait for its sign of readiness."""
    paths = {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
    pipe = asyncio.subprocess.PIPE
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, stdout=pipe, stderr=asyncio.subprocess.STDOUT, env=os.environ | paths
    )
    assert made.stdout is not None
    while sign not in (line := await made.stdout.readline()):
        if not line:
            raise SystemExit(f"bench: {' '.join(words)} ended before it said {sign!r}; is port {port} in use?")
    return made


def children(process: Process) -> list[int]:
    """An engine's child processes: the one that serves."""
    found = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(number) for number in found.read_text(encoding="ascii").split()]


async def drained(process: Process) -> None:
    """Read its output, so that it never blocks on us."""
    assert process.stdout is not None
    while await process.stdout.read(65536):
        pass


@dataclass(slots=True)
class World:
    """The running processes."""

    router: Process
    engines: dict[int, Process] = field(default_factory=dict)
    readers: "list[asyncio.Task[None]]" = field(default_factory=list)
    hung_up: dict[str, float] = field(default_factory=dict)
    killed: int = 0

    async def start_engine(self, port: int) -> None:
        """Start one on its previous port."""
        process = await started("bench.router_world.engine", HOST, str(port), sign=b"ready", port=port)
        self.engines[port] = process

    async def kill_engine(self, port: int) -> None:
        """Kill it with -9, and wait until it is back; its records are kept."""
        await self.collect(port)
        self.killed += 1
        for child in children(self.engines[port]):
            os.kill(child, signal.SIGKILL)
        while True:
            await asyncio.sleep(0.05)
            with suppress(OSError):
                await self.collect(port)
                return

    async def collect(self, port: int) -> int:
        """Collect an engine's records of disconnects; return how many requests it still runs."""
        document: dict[str, Any] = json.loads(await fetched(port, "/hung-up"))
        self.hung_up |= document["hungUp"]
        running: int = document["running"]
        return running

    async def seen(self) -> dict[str, Any]:
        """The router's view of its engines and its queue."""
        document: dict[str, Any] = json.loads(await fetched(METRICS_PORT, "/fairlead/v1/endpoints"))
        return document

    async def gauge(self, name: str) -> float:
        """One value of its metrics."""
        page = (await fetched(METRICS_PORT, "/metrics")).decode()
        found = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE)
        return sum(float(value) for value in found)

    @property
    def descriptors(self) -> int:
        """Number of files and sockets that the router has open."""
        return len(list(Path(f"/proc/{self.router.pid}/fd").iterdir()))

    @property
    def rss_mib(self) -> float:
        """The router's resident memory."""
        pages = int(Path(f"/proc/{self.router.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    async def until_routable(self) -> None:
        """Wait until every engine takes requests."""
        while {one["state"] for one in (await self.seen())["endpoints"]} != {"routable"}:  # noqa: ASYNC110 - a process
            await asyncio.sleep(0.05)


async def fetched(port: int, path: str) -> bytes:
    """Fetch a page of our process."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=2**26)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return await reader.readexactly(length)
    finally:
        writer.close()


@asynccontextmanager
async def world(folder: Path, **routing: Any) -> AsyncIterator[World]:  # noqa: ANN401 - any JSON
    """Run engines and a router with two tenants until the block ends."""
    config = folder / "router.json"
    config.write_text(json.dumps(_configuration(folder, routing)), encoding="utf-8")
    words = ("fairlead", "router", "--config", str(config), "--host", HOST, "--port", str(PORT))
    more = ("--metrics-port", str(METRICS_PORT), "--linger", "0", "--access-log", str(folder / "access.log"))
    router = await started(*words, *more, sign=b"listening", port=PORT)
    made = World(router=router)
    made.readers.append(asyncio.create_task(drained(router)))
    try:
        for port in ENGINES:
            await made.start_engine(port)
        await made.until_routable()
        yield made
    finally:
        serving = [child for process in made.engines.values() for child in children(process)]
        for process in (router, *made.engines.values()):
            if process.returncode is None:
                process.kill()
                await process.wait()
        for child in serving:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        await asyncio.gather(*made.readers, return_exceptions=True)


def first_in_line() -> None:
    """Raise our priority over the machine's other work, where permitted."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)


def _configuration(folder: Path, routing: dict[str, Any]) -> dict[str, Any]:
    tenants: list[dict[str, Any]] = []
    for key in (*KEYS, NARROW):
        place = folder / f"{key}.key"
        place.write_text(key, encoding="utf-8")
        tenants.append({"name": key.removeprefix("sk-"), "keys": [{"file": str(place)}], "tokensPerMinute": 10**9})
    tenants[-1]["maxConcurrency"] = 1
    return {
        "endpoints": [f"{HOST}:{port}" for port in ENGINES],
        "models": ["chat"],
        "maxSequences": routing.pop("slots", SLOTS),
        "routing": {"tenants": tenants} | routing,
    }

"""The load on a simulated server while it is measured: long streams, and short requests that keep arriving."""

import asyncio
import os
import random
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.lean_client import Client, LeanRequest
from fairlead.emulator.text import tokenizer

RAMP_SECONDS: Final = 4.0
"""In which streams begin; short requests come after it."""
SHORT_TOKENS: Final = 8
SEED: Final = 6
_WORDS: Final = ("tide", "harbour", "pilot", "buoy", "chart", "wind", "calm", "keel", "rope", "anchor", "light", "fog")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How much load, and for how long."""

    streams: int
    shorts_a_second: float
    seconds: float
    stream_tokens: int


@dataclass(slots=True)
class Round:
    """The results."""

    longs: list[LeanRequest]
    shorts: list[LeanRequest]
    server_share: float = 0.0
    """Share of one core."""
    client_share: float = 0.0
    lagging: bool = False
    """Reported by its metric, or by refusing."""
    lag_s: float = 0.0
    """The largest lag that it reported."""

    @property
    def everyone(self) -> list[LeanRequest]:
        """Requests of both kinds."""
        return [*self.longs, *self.shorts]


@dataclass(frozen=True, slots=True)
class Server:
    """The server's address and process."""

    host: str
    port: int
    pid: int

    def cpu_s(self) -> float:
        """CPU seconds since its start."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def lag(self) -> dict[str, float]:
        """The server's own metrics of how far behind it is."""
        with urllib.request.urlopen(f"http://{self.host}:{self.port}/metrics", timeout=30) as page:
            lines = page.read().decode().splitlines()
        own = (line.split() for line in lines if line.startswith("fairlead_engine_") and "_created" not in line)
        return {name: float(value) for name, value in own}


async def through(load: Load, server: Server, vocabulary: int) -> Round:
    """Send the load, and wait for every answer."""
    found = _requests(load, vocabulary)
    client = Client(server.host, server.port)
    await client.warm(load.streams + 64)
    begun, cpu, own = time.perf_counter(), server.cpu_s(), time.process_time()
    tasks = [
        asyncio.create_task(_later(client, request, RAMP_SECONDS * n / load.streams))
        for n, request in enumerate(found.longs)
    ]
    watching = asyncio.create_task(_watched(server, found))
    chance, due = random.Random(SEED), RAMP_SECONDS  # noqa: S311 - a load that repeats
    for request in found.shorts:
        due += chance.expovariate(load.shorts_a_second)
        await asyncio.sleep(begun + due - time.perf_counter())
        tasks.append(asyncio.create_task(client.request(request)))
    await asyncio.wait(tasks, timeout=5 * load.seconds)
    wall = time.perf_counter() - begun
    found.server_share, found.client_share = (server.cpu_s() - cpu) / wall, (time.process_time() - own) / wall
    watching.cancel()
    found.lagging |= any(b"behind" in request.body for request in found.everyone)
    return found


async def _later(client: Client, request: LeanRequest, seconds: float) -> LeanRequest:
    await asyncio.sleep(seconds)
    return await client.request(request)


async def _watched(server: Server, found: Round) -> None:
    """Scrape its metrics every two seconds, in a thread, so that the client's loop is not delayed."""
    while True:
        await asyncio.sleep(2)
        figures = await asyncio.to_thread(server.lag)
        found.lag_s = max(found.lag_s, figures["fairlead_engine_lag_seconds"])
        found.lagging |= bool(figures["fairlead_engine_behind"])


def _requests(load: Load, vocabulary: int) -> Round:
    """Requests whose texts share nothing, since caching is another experiment."""
    words = tokenizer.of(vocabulary)
    count = round((load.seconds - RAMP_SECONDS) * load.shorts_a_second)

    def send(number: int, length: int, tokens: int) -> LeanRequest:
        text = f"{number} " + " ".join(_WORDS[(number * 7 + place * place) % len(_WORDS)] for place in range(length))
        return LeanRequest(text, tokens, len(words.encode(text)))

    return Round(
        longs=[send(number, 60, load.stream_tokens) for number in range(load.streams)],
        shorts=[send(load.streams + number, 30, SHORT_TOKENS) for number in range(count)],
    )

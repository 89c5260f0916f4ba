"""Simulated engines inside the test's own loop, on real sockets of 127.0.0.1, at a pace that costs no time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp import web

from fairlead.simulator import packaged
from fairlead.simulator.faults import Order
from fairlead.simulator.live import provision
from fairlead.simulator.live.engine import Clocks, LiveEngine
from fairlead.simulator.live.fixed_pace import FixedPace
from fairlead.simulator.live.provision import Machine
from fairlead.simulator.pretence import Fault, Pace, Pretence
from fairlead.simulator.served import Limits, Served
from fairlead.simulator.surface import routes

NOON: Final = 1_795_176_000
FAST: Final = Pace(first_token_seconds=0.001, token_seconds=0.0005)
QUICK: Final = Pretence(start_seconds=0.0, pace=FAST)
CHAT: Final = Served(
    model="org/model",
    names=("chat",),
    adapters=(("de", "org/de"),),
    context_tokens=2048,
    limits=Limits(context=2048, adapter_slots=4),
)
KNOWN: Final = packaged.load()


class Now(NamedTuple):
    """Who is inside at this moment, with a seat or without."""

    running: int


class Inside:
    """What stories look at behind an engine's address, and how they end it."""

    def __init__(self, live: LiveEngine, pretence: Pretence) -> None:
        self.live = live
        self._pretence = pretence

    @property
    def now(self) -> Now:
        """Jobs that have not ended."""
        return Now(self.live.driver.inside)

    @property
    def answered(self) -> int:
        """Jobs that ended well."""
        return self.live.driver.faults.answered

    @property
    def idle(self) -> asyncio.Event:
        """Set while nobody is inside."""
        return self.live.driver.idle

    def drain(self) -> None:
        """Take nobody in any more."""
        self.live.driver.draining = True

    def die(self) -> None:
        """End below the requests that still run."""
        self.live.end()

    @property
    def pretence(self) -> Pretence:
        """As it was told to be at last."""
        return self._pretence

    @pretence.setter
    def pretence(self, pretence: Pretence) -> None:
        """Another pace from the next step on."""
        self._pretence = pretence
        for rank in self.live.driver.ranks:
            rank.core._times = FixedPace(pretence.pace or FAST)


@dataclass(slots=True)
class Living:
    """One engine that listens, or will."""

    pretence: Pretence = QUICK
    served: Served = CHAT
    port: int = 0
    engine: Inside = field(init=False)
    runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What a client asks."""
        return f"http://{self.address}"

    async def start(self) -> "Living":
        """Listen; on the same port as before, if there was one."""
        made = provision.provide(self.served, Machine("NVIDIA-L4", 1), self.pretence, KNOWN)
        clocks = Clocks(steady=asyncio.get_running_loop().time, day=lambda: float(NOON))
        live = LiveEngine(made, self.pretence, clocks)
        self.engine = Inside(live, self.pretence)
        application = routes.application(made.served, live.driver, live.acts, clocks.day)
        self.runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", self.port, reuse_address=True)
        await site.start()
        self.port = self.runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """Gone: connections close and new ones are refused."""
        if self.runner is not None:
            await self.runner.cleanup()
            self.engine.live.close()
            self.runner = None


def faulty(fault: Fault, after: int = 0) -> Pretence:
    """As quick as the others, with one fault."""
    return Pretence(start_seconds=0.0, pace=FAST, order=Order(fault=fault, after=after))


def paced(first: float, token: float) -> Pretence:
    """Slow enough for a story to happen while it answers."""
    return Pretence(start_seconds=0.0, pace=Pace(first_token_seconds=first, token_seconds=token))


@asynccontextmanager
async def living(*pretences: Pretence, served: Served = CHAT) -> AsyncIterator[list[Living]]:
    """One engine for each pretence; all are gone afterwards."""
    engines = [await Living(pretence, served).start() for pretence in pretences or (QUICK,)]
    try:
        yield engines
    finally:
        for engine in engines:
            await engine.stop()


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Whoever asks."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def told(story: Coroutine[Any, Any, None]) -> None:
    """Run a story to its end; one that hangs fails."""

    async def within() -> None:
        async with asyncio.timeout(10):
            await story

    asyncio.run(within())

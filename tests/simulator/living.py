"""Simulated engines inside the test's own loop, on real sockets of 127.0.0.1, at a pace that costs no time."""

import asyncio
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from aiohttp import web

from fairlead.simulator.command import Served
from fairlead.simulator.engine import Engine
from fairlead.simulator.pretence import Fault, Pretence
from fairlead.simulator.server import Server

NOON: Final = 1_795_176_000
QUICK: Final = Pretence(start_seconds=0.0, first_token_seconds=0.001, token_seconds=0.0005)
CHAT: Final = Served(model="org/model", names=("chat",), adapters=(("de", "org/de"),), context_tokens=2048)


@dataclass(slots=True)
class Living:
    """One engine that listens, or will."""

    pretence: Pretence = QUICK
    served: Served = CHAT
    port: int = 0
    engine: Engine = field(init=False)
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
        self.engine = Engine(self.served, self.pretence)
        application = Server(self.engine, clock=lambda: float(NOON)).application()
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
            self.runner = None


def faulty(fault: Fault, after: int = 0) -> Pretence:
    """As quick as the others, with one fault."""
    return Pretence(start_seconds=0.0, first_token_seconds=0.001, token_seconds=0.0005, fault=fault, fault_after=after)


def paced(first: float, token: float) -> Pretence:
    """Slow enough for a story to happen while it answers."""
    return Pretence(start_seconds=0.0, first_token_seconds=first, token_seconds=token)


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

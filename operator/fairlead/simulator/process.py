"""One engine from start to end: nothing listens until it is ready, and SIGTERM drains as vLLM 0.32 does.

`/health` stays 200 and the port open while running requests finish; new ones get 500; at the deadline the rest get an
error and the process ends with 0. A second signal ends it at once.
"""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from fairlead.simulator.command import Served
from fairlead.simulator.engine import Engine
from fairlead.simulator.pretence import AT_START, Fault, Pretence
from fairlead.simulator.server import Server

TERMINATION_LOG: Final = Path("/dev/termination-log")
"""Where the kubelet looks for a container's last words."""
KEEP_ALIVE_SECONDS: Final = 5.0
"""vLLM closes an idle connection after it; a router's pool must let go earlier."""
_LAST_ANSWERS_SECONDS: Final = 1.0
_AT_ONCE_SECONDS: Final = 0.01
"""aiohttp takes zero for "no limit"."""
Signals = asyncio.Queue[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The process's hands: the time of day, a line for people, and the last line of all."""

    clock: Callable[[], float]
    tell: Callable[[str], None]
    termination_log: Path = TERMINATION_LOG

    def last_words(self, told: str) -> None:
        """Say why it ends, to whoever reads the output and to the kubelet. The file is only written, never made."""
        self.tell(told)
        with suppress(OSError):
            if self.termination_log.exists():
                self.termination_log.write_text(told + "\n", encoding="utf-8")


async def run(served: Served, pretence: Pretence, outside: Outside) -> int:
    """Serve until a signal; the exit code."""
    return await live(served, pretence, outside, _signals())


async def live(served: Served, pretence: Pretence, outside: Outside, signals: Signals) -> int:
    """The same with signals from anywhere."""
    outside.tell(f"INFO Starting to load model {served.model}...")
    with suppress(asyncio.TimeoutError):
        number = await asyncio.wait_for(signals.get(), pretence.start_seconds)
        outside.last_words(f"INFO ended by signal {number} before it was ready")
        return 128 + number
    if pretence.fault in AT_START:
        outside.last_words(_death(pretence.fault, served))
        return 1
    engine = Engine(served, pretence)
    runner = await _listening(engine, outside)
    await signals.get()
    ending = asyncio.create_task(_drain(engine, outside))
    again = asyncio.create_task(signals.get())
    await asyncio.wait((ending, again), return_when=asyncio.FIRST_COMPLETED)
    if again.done():
        outside.last_words("INFO ended at once by a second signal")
        ending.cancel()
        await _cut(runner)
        return 128 + again.result()
    again.cancel()
    await runner.cleanup()
    return 0


def _signals() -> Signals:
    """SIGTERM and SIGINT from the first moment on: a container's first process has no default action for them."""
    seen: Signals = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, seen.put_nowait, int(number))
    return seen


async def _listening(engine: Engine, outside: Outside) -> web.AppRunner:
    """Bind the port only now: until it is ready, vLLM's clients see a refused connection and never a 503."""
    served = engine.served
    runner = web.AppRunner(
        Server(engine, outside.clock).application(),
        access_log=None,
        handler_cancellation=True,
        keepalive_timeout=KEEP_ALIVE_SECONDS,
        shutdown_timeout=_LAST_ANSWERS_SECONDS,
    )
    await runner.setup()
    await web.TCPSite(runner, served.host, served.port, backlog=2048).start()
    outside.tell(f"INFO Starting vLLM server on http://{served.host}:{served.port} (simulated)")
    outside.tell("INFO Application startup complete.")
    return runner


async def _drain(engine: Engine, outside: Outside) -> None:
    """Running requests get the shutdown time-out, what is left then an error."""
    engine.drain()
    outside.tell(f"INFO draining for at most {engine.served.shutdown_seconds} s")
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(engine.idle.wait(), engine.served.shutdown_seconds)
        outside.last_words("INFO drained; no running request was cut")
        return
    now = engine.now
    engine.die()
    outside.last_words(f"INFO shutdown time-out passed; {now.running + now.waiting} running requests were cut")
    with suppress(asyncio.TimeoutError):
        await asyncio.wait_for(engine.idle.wait(), _LAST_ANSWERS_SECONDS)


async def _cut(runner: web.AppRunner) -> None:
    """Close every connection, whatever it still carries."""
    for site in runner.sites:
        await site.stop()
    if runner.server is not None:
        await runner.server.shutdown(_AT_ONCE_SECONDS)


def _death(fault: Fault, served: Served) -> str:
    """The last lines vLLM leaves behind, which the operator turns into a reason."""
    match fault:
        case Fault.OUT_OF_MEMORY:
            return (
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. "
                "GPU 0 has a total capacity of 22.03 GiB of which 1.12 GiB is free."
            )
        case Fault.GATED:
            page = f"https://huggingface.co/{served.model}"
            return (
                f"OSError: You are trying to access a gated repo.\nMake sure to have access to it at {page}.\n"
                f"401 Client Error. Cannot access gated repo for url {page}/resolve/main/config.json.\n"
                f"Access to model {served.model} is restricted. You must have access to it and be authenticated "
                "to access it. Please log in."
            )
        case _:
            return "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}"

"""An engine as a child process: on a free port of this machine, its log kept with times, ended by its id."""

import asyncio
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from fairlead.engines import start_log
from fairlead.engines.start_log import LogLine

HOST: Final = "127.0.0.1"
_EVERY_S: Final = 0.1
END_S: Final = 10.0
"""From SIGTERM to SIGKILL."""
_LAST_LINES_S: Final = 5.0
_LONGEST_LINE: Final = 1 << 20


class EngineFailed(Exception):
    """The engine did not start, or has ended; the message has its own words."""


class EngineSlow(EngineFailed):
    """The engine was not ready in the time it had."""


@dataclass(slots=True, kw_only=True)
class EngineProcess:
    """A started engine."""

    port: int
    process: asyncio.subprocess.Process
    began: float
    lines: list[LogLine] = field(default_factory=list)
    reader: "asyncio.Task[None] | None" = None
    ready_s: float = 0.0

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{HOST}:{self.port}"

    @property
    def ended(self) -> bool:
        """Whether the process has exited."""
        return self.process.returncode is not None

    async def wait_until_ready(self, seconds: float) -> None:
        """Wait until its health check returns 200; raises `EngineFailed` if it ends, or takes longer."""
        now = asyncio.get_running_loop().time
        timeout = aiohttp.ClientTimeout(total=2.0)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while now() - self.began < seconds:
                if self.ended:
                    await self._last_lines()
                    raise EngineFailed(f"it ended with {self.process.returncode}: {start_log.error(self.lines)}")
                with suppress(aiohttp.ClientError, OSError, TimeoutError):
                    async with session.get(f"{self.url}/health") as answer:
                        if answer.status == 200:
                            self.ready_s = now() - self.began
                            return
                await asyncio.sleep(_EVERY_S)
        raise EngineSlow(f"it was not ready within {seconds:.0f} s; a larger --budget gives it more time")

    async def end(self) -> None:
        """Send SIGTERM to the process, then SIGKILL to its whole process group."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(END_S):
                await self.process.wait()
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        await self._last_lines()

    async def _last_lines(self) -> None:
        """Read its last output; a process that it left may keep the pipe open."""
        if self.reader is not None:
            await asyncio.wait((self.reader,), timeout=_LAST_LINES_S)


async def start(
    program: Sequence[str], words: Sequence[str], environment: Mapping[str, str], log: Path
) -> EngineProcess:
    """Start the engine with these arguments and a free port; its output goes to the log too."""
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        *program,
        *words,
        *("--host", HOST, "--port", str(port)),
        env=dict(environment),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        limit=_LONGEST_LINE,
    )
    engine = EngineProcess(port=port, process=process, began=asyncio.get_running_loop().time())
    engine.reader = asyncio.create_task(_keep(engine, log))
    return engine


async def _keep(engine: EngineProcess, log: Path) -> None:
    """Keep its lines, each with the time at which it arrived."""
    output = engine.process.stdout
    now = asyncio.get_running_loop().time
    with log.open("a", encoding="utf-8") as sink:
        while output is not None:
            try:
                raw = await output.readline()
            except ValueError:  # a line longer than the limit
                continue
            if not raw:
                return
            text = raw.decode(errors="replace")
            engine.lines.append(LogLine(now() - engine.began, text.rstrip()))
            sink.write(text)


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as one:
        port: int = one.getsockname()[1]
        return port

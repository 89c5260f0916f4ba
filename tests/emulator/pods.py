"""One emulated engine's process as its pod sees it: output, termination log, signals."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import aiohttp

from fairlead.emulator import process
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.process import EngineStart, ProcessEnvironment
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.process.exit_signals import ExitSignals
from tests.emulator.living import CHAT, NOON, free_port

LONG: Final = {"prompt": "x", "max_tokens": 40, "ignore_eos": True}


class Pod:
    """One container: its output, its termination log, its signals."""

    def __init__(
        self,
        folder: Path,
        knobs: EmulationKnobs,
        shutdown_seconds: int = 5,
        environment: Mapping[str, str] | None = None,
        serve_arguments: ServeArguments = CHAT,
        *,
        port: int | None = None,
    ) -> None:
        self.logged: list[str] = []
        self.log = folder / "termination-log"
        self.log.touch()
        self.signals: ExitSignals = asyncio.Queue()
        self.serve_arguments: ServeArguments = replace(
            serve_arguments, port=port or free_port(), shutdown_seconds=shutdown_seconds
        )
        self.url = f"http://127.0.0.1:{self.serve_arguments.port}"
        process_environment = ProcessEnvironment(
            clock=lambda: float(NOON),
            log=self.logged.append,
            termination_log=self.log,
            steady=asyncio.get_running_loop().time,
            environment=environment or {},
        )
        start = EngineStart(serve_arguments=self.serve_arguments, knobs=knobs)
        self.life = asyncio.create_task(process.live(start, process_environment, self.signals))

    async def ready(self, session: aiohttp.ClientSession) -> None:
        while True:
            try:
                async with session.get(self.url + "/health") as answer:
                    if answer.status == 200:
                        return
                    assert answer.headers["x-trtllm-server-state"] == "starting"
            except aiohttp.ClientConnectionError:
                pass
            await asyncio.sleep(0.005)

    async def running(self, session: aiohttp.ClientSession, count: int) -> None:
        """Wait until this many requests run."""
        while True:
            async with session.get(self.url + "/metrics") as answer:
                if f'vllm:num_requests_running{{engine="0",model_name="chat"}} {count}.0' in await answer.text():
                    return
            await asyncio.sleep(0.002)

    async def send(self, session: aiohttp.ClientSession, *, stream: bool = False) -> tuple[int, str]:
        async with session.post(self.url + "/v1/completions", json=LONG | {"stream": stream}) as answer:
            return answer.status, await answer.text()

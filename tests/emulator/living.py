"""Emulated engines inside the test's own event loop, on real sockets of 127.0.0.1, at a pace that costs no time."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

import aiohttp
from aiohttp import web

from fairlead.emulator import dialects, packaged_data
from fairlead.emulator.emulation_knobs import EmulationKnobs, EngineFault
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.fixed_step_times import FixedStepTimes
from fairlead.emulator.engine.live_engine import EngineClocks, LiveEngine
from fairlead.emulator.engine.provision import EmulatedMachine
from fairlead.emulator.faults import FaultOrder
from fairlead.emulator.serve_arguments import SchedulerArguments, ServeArguments
from fairlead.simulator.engine.batch import DecodeLine, StepBatch, StepTimes
from tests import free_ports

NOON: Final = 1_795_176_000
FAST: Final = FixedStepTimes(first_token_seconds=0.001, token_seconds=0.0005)
NEVER_S: Final = 1e6
"""The lag at which these engines would refuse work: tests beside others on a busy machine are about something else."""
QUICK: Final = EmulationKnobs(start_seconds=0.0, pace=FAST, lag_limit_seconds=NEVER_S)
CHAT: Final = ServeArguments(
    model="org/model",
    names=("chat",),
    adapters=(("de", "org/de"),),
    context_tokens=2048,
    limits=SchedulerArguments(context=2048, adapter_slots=4),
)
SGLANG: Final = dialects.read(
    (
        *("sglang", "serve", "org/model", "--served-model-name", "chat", "--context-length", "2048"),
        *("--lora-paths", "de=org/de", "--max-loras-per-batch", "5", "--enable-metrics", "--enable-cache-report"),
        *("--decode-log-interval", "10"),
    ),
    {},
)
"""The same, in SGLang's flags, with what Fairlead always renders."""
TENSORRT: Final = dialects.read(
    (
        *("trtllm-serve", "org/model", "--served_model_name", "chat", "--host", "127.0.0.1", "--max_seq_len", "2048"),
        *("--enable_chunked_prefill", "--tool_parser", "qwen3", "--set=lora_config.lora_dir=[/models/adapters/de]"),
        *("--set=lora_config.max_loras=4", "--set=guided_decoding_backend=xgrammar"),
        *("--set=return_perf_metrics=true", "--set=enable_iter_perf_stats=true"),
    ),
    {},
)
"""The same, in TensorRT-LLM's flags."""
PACKAGED: Final = packaged_data.load()


class Now(NamedTuple):
    """How many jobs are inside at this moment, running or waiting."""

    running: int


@dataclass(slots=True)
class Pace:
    """Step times that a test may replace while the engine runs."""

    times: StepTimes

    def decode_line(self, sequences: int, tokens: int) -> DecodeLine:
        return self.times.decode_line(sequences, tokens)

    def seconds(self, batch: StepBatch) -> float:
        return self.times.seconds(batch)


class Inside:
    """What tests see of an engine behind its address, and how they end it."""

    def __init__(self, live: LiveEngine, knobs: EmulationKnobs, pace: Pace) -> None:
        self.live = live
        self._knobs = knobs
        self._pace = pace

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
        """Set while no job is inside."""
        return self.live.driver.idle

    def hold(self) -> None:
        """Keep all answers as they are until `go_on`, so that nothing depends on how fast the machine is."""
        for rank in self.live.driver.ranks:
            rank.stop()

    def go_on(self) -> None:
        """Continue all answers."""
        for rank in self.live.driver.ranks:
            rank.go_on()

    def drain(self) -> None:
        """Accept no more jobs."""
        self.live.driver.draining = True

    def die(self) -> None:
        """End while requests still run."""
        self.live.end()

    @property
    def pretence(self) -> EmulationKnobs:
        """The latest emulation settings."""
        return self._knobs

    @pretence.setter
    def pretence(self, knobs: EmulationKnobs) -> None:
        """Set another pace from the next step on."""
        self._knobs = knobs
        self._pace.times = knobs.pace or FAST


@dataclass(slots=True)
class Living:
    """One engine that listens, or will."""

    knobs: EmulationKnobs = QUICK
    serve_arguments: ServeArguments = CHAT
    port: int = 0
    host: str = "127.0.0.1"
    engine: Inside = field(init=False)
    runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"http://{self.address}"

    async def start(self) -> "Living":
        """Listen; on the same port as before, if there was one, which nothing else gets meanwhile."""
        made = provision.provide(self.serve_arguments, EmulatedMachine("NVIDIA-L4", 1), self.knobs, PACKAGED)
        clocks = EngineClocks(steady=asyncio.get_running_loop().time, day=lambda: float(NOON))
        pace = Pace(made.times)
        live = LiveEngine(replace(made, times=pace), self.knobs, clocks)
        self.engine = Inside(live, self.knobs, pace)
        application = made.dialect.application(made.serve_arguments, live.driver, live.acts, clocks.day)
        self.runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
        await self.runner.setup()
        self.port = self.port or free_ports.free_port(self.host)
        await web.TCPSite(self.runner, self.host, self.port, reuse_address=True).start()
        return self

    async def stop(self) -> None:
        """Stop: connections close and new ones are refused."""
        if self.runner is not None:
            await self.runner.cleanup()
            self.engine.live.close()
            self.runner = None


def faulty(fault: EngineFault, after: int = 0) -> EmulationKnobs:
    """As fast as the others, with one fault."""
    return replace(QUICK, order=FaultOrder(fault=fault, after=after))


def paced(first: float, token: float) -> EmulationKnobs:
    """Slow enough for a test to act while it answers."""
    return replace(QUICK, pace=FixedStepTimes(first_token_seconds=first, token_seconds=token))


@asynccontextmanager
async def living(*pretences: EmulationKnobs, serve_arguments: ServeArguments = CHAT) -> AsyncIterator[list[Living]]:
    """One engine for each of the settings; all are gone afterwards."""
    engines = [await Living(knobs, serve_arguments).start() for knobs in pretences or (QUICK,)]
    try:
        yield engines
    finally:
        for engine in engines:
            await engine.stop()


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield session


def free_port() -> int:
    """A port that nothing listens on now."""
    return free_ports.free_port("127.0.0.1")


def run_story(story: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end; one that hangs fails."""

    async def within() -> None:
        async with asyncio.timeout(60):
            await story

    asyncio.run(within())

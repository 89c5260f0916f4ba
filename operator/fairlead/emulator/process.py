"""One engine process from start to end: its port opens, and SIGTERM drains, as in the emulated kind.

vLLM: during a drain `/health` stays 200 and the port open while running requests finish; new requests get 500; at the
deadline the rest get an error and the process exits with 0. After its engine's death the server responds with 503 for a
moment, then exits with 0. SGLang: probes get 503 and new requests are accepted, without a deadline; every five seconds
it checks whether it may exit. After the death of its scheduler no request gets a response, then SIGKILL. TensorRT-LLM:
its port responds with 503 while it loads and is closed by SIGTERM; running requests finish, without a deadline.

A second signal changes nothing. A signal during the start ends it with 128 plus the signal's number, as in the first
seconds of vLLM and SGLang. vLLM may lose a signal later in its start; here that is a knob, off by default.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fairlead.emulator import dialects, packaged_data
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import provision
from fairlead.emulator.engine.live_engine import EngineClocks, LiveEngine
from fairlead.emulator.engine.provision import CannotStart, EmulatedMachine, EngineProvision
from fairlead.emulator.engine_port import EnginePort, PortUnusable
from fairlead.emulator.faults import AT_START, EngineFault
from fairlead.emulator.packaged_data import PackagedData
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.fleet.plurals import count, verb
from fairlead.process.exit_signals import ExitSignals, exit_signals
from fairlead.process.garbage_collection import collect_rarely

TERMINATION_LOG: Final = Path("/dev/termination-log")
"""Where the kubelet reads a container's termination message."""
_LOGGED_SECONDS: Final = 10.0
"""Interval of the log lines about its work; SGLang's own are more frequent by default."""
ANY_MACHINE: Final = EmulatedMachine("", 8)
"""The GPUs if none are configured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessEnvironment:
    """What the process uses of its environment: clocks, a log, the termination log, and variables."""

    clock: Callable[[], float]
    """Seconds since 1970."""
    log: Callable[[str], None]
    termination_log: Path = TERMINATION_LOG
    steady: Callable[[], float] = time.monotonic
    environment: Mapping[str, str] = field(default_factory=dict)

    def last_words(self, reason: str) -> None:
        """Log why the process ends, and write it to the termination log if that file exists; it is never created."""
        self.log(reason)
        with suppress(OSError):
            if self.termination_log.exists():
                self.termination_log.write_text(reason + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStart:
    """The configuration of an engine process."""

    serve_arguments: ServeArguments
    knobs: EmulationKnobs
    machine: EmulatedMachine = ANY_MACHINE
    packaged: PackagedData = field(default_factory=packaged_data.load)


async def run(start: EngineStart, environment: ProcessEnvironment) -> int:
    """Serve until a signal; return the exit code."""
    collect_rarely(1000)  # one pauses each of 500 streams for 30 to 40 ms
    return await live(start, environment, exit_signals())


async def live(start: EngineStart, environment: ProcessEnvironment, signals: ExitSignals) -> int:
    """Like `run`, with signals from a queue, for tests."""
    environment.log(f"INFO Starting to load model {start.serve_arguments.model}...")
    async with EnginePort(start.serve_arguments.host, start.serve_arguments.port) as port:
        try:
            port.reserve()
            return await _life(start, environment, signals, port)
        except PortUnusable as no:
            environment.last_words(str(no))
            return 2


async def _life(start: EngineStart, environment: ProcessEnvironment, signals: ExitSignals, port: EnginePort) -> int:
    waiting = dialects.of(start.serve_arguments).starting
    if waiting is not None:
        await port.serve(waiting)
    number = await _loading(start.knobs, signals)
    if number is not None:
        environment.last_words(f"INFO ended by signal {number} before it was ready")
        return 128 + number
    if start.knobs.order.fault in AT_START:
        environment.last_words(
            dialects.of(start.serve_arguments).ending.message(start.knobs.order.fault, start.serve_arguments)
        )
        return 1
    try:
        made = provision.provide(start.serve_arguments, start.machine, start.knobs, start.packaged)
    except CannotStart as no:
        environment.last_words(str(no))
        return 1
    return await _ServerLifecycle(made, start.knobs, environment, port).serve(signals)


async def _loading(knobs: EmulationKnobs, signals: ExitSignals) -> int | None:
    """Wait for the cold start; return the signal that ended it, if one did."""
    seconds = knobs.cold_start(random.Random(knobs.seed))  # noqa: S311 - a replayable draw
    if knobs.lose_early_signal:
        await asyncio.sleep(seconds)
        while not signals.empty():
            signals.get_nowait()
        return None
    with suppress(asyncio.TimeoutError):
        return await asyncio.wait_for(signals.get(), seconds)
    return None


class _ServerLifecycle:
    """A server from the opening of its port to its end."""

    def __init__(
        self, made: EngineProvision, knobs: EmulationKnobs, environment: ProcessEnvironment, port: EnginePort
    ) -> None:
        self._made = made
        self._ending = made.dialect.ending
        self._environment = environment
        self._port = port
        clocks = EngineClocks(steady=environment.steady, day=environment.clock, log=environment.log)
        self._engine = LiveEngine(made, knobs, clocks, environment.environment)
        self._engine.died = self._died
        self._death = asyncio.Event()

    async def serve(self, signals: ExitSignals) -> int:
        """Serve until a signal, or until the engine dies; return the exit code."""
        await self._listen()
        reporting = asyncio.create_task(self._report())
        signalled, died = asyncio.create_task(signals.get()), asyncio.create_task(self._death.wait())
        await asyncio.wait((signalled, died), return_when=asyncio.FIRST_COMPLETED)
        if signalled.done():
            await self._drain()
        else:
            self._environment.last_words(f"ERROR {self._ending.died}")
            await asyncio.wait((signalled,), timeout=self._ending.death_seconds)
            if self._ending.killed_by_death:
                os.kill(os.getpid(), signal.SIGKILL)
        for task in (signalled, died, reporting):
            task.cancel()
        await self._port.end()
        self._engine.close()
        return 0

    async def _report(self) -> None:
        """Write the engine's regular log lines."""
        steady = self._environment.steady
        ranks = enumerate(self._engine.driver.ranks)
        stats = [self._made.dialect.stats(number, rank, steady()) for number, rank in ranks]
        while True:
            await asyncio.sleep(_LOGGED_SECONDS)
            for one in stats:
                if (line := one.line(steady())) is not None:
                    self._environment.log(line)

    def _died(self, fault: EngineFault) -> None:
        if fault is EngineFault.CRASH:
            os.kill(os.getpid(), signal.SIGKILL)
        if self._environment.environment.get(self._ending.keep_alive_variable) != "1":
            self._death.set()

    async def _listen(self) -> None:
        """Log the start, then serve."""
        serve_arguments, log = self._made.serve_arguments, self._environment.log
        for line in self._made.log:
            log(line)
        application = self._made.dialect.application(
            serve_arguments, self._engine.driver, self._engine.acts, self._environment.clock
        )
        await self._port.serve(application)
        for line in self._made.dialect.start.listening(serve_arguments):
            log(line)

    async def _drain(self) -> None:
        """Let running requests finish, within the kind's limit if it has one; then end the rest with an error."""
        client, limit = self._engine.driver, self._ending.drain_limit(self._made.serve_arguments)
        client.draining = True
        if self._ending.closes_port:
            await self._port.close()
        self._environment.log(
            "INFO draining without a limit" if limit is None else f"INFO draining for at most {limit:g} s"
        )
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._rest(), limit)
        if client.idle.is_set():
            self._environment.last_words("INFO drained; no running request was cut")
            return
        cut = self._engine.end()
        lost = f"{count(cut, 'running request')} {verb(cut, 'was')} cut"
        self._environment.last_words(f"INFO shutdown time-out passed; {lost}")

    async def _rest(self) -> None:
        """Wait until no request runs and this kind of engine has noticed it."""
        idle, interval = self._engine.driver.idle, self._ending.poll_seconds
        noticed = asyncio.Event()
        while not noticed.is_set():
            await asyncio.sleep(interval)
            if interval == 0:
                await idle.wait()
            if idle.is_set():
                noticed.set()

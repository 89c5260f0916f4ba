"""One run of a sweep: takes the plan's next step, measures it and records it, until all is measured or time is up."""

import asyncio
import math
import random
import shutil
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import aiohttp

from fairlead.cli.sweep import engine_process, load_client, point_measurement
from fairlead.cli.sweep.argument_error import SweepArgumentError
from fairlead.cli.sweep.engine_process import EngineFailed, EngineProcess, EngineSlow
from fairlead.cli.sweep.load_client import LoadClient, NoAnswer
from fairlead.cli.sweep.point_measurement import MeasuringLimits, NotMeasured
from fairlead.cli.sweep.sweep_log import SweepLog
from fairlead.cli.sweep.target import SweepTarget
from fairlead.cli.sweep.variant_start import VariantStart
from fairlead.engines import start_log
from fairlead.fleet.sweeps import EngineVariant, SkippedWork
from fairlead.simulator.sweep import plan
from fairlead.simulator.sweep.measurements import EngineColdStart, SweepPoint, SweepRecord
from fairlead.simulator.sweep.plan import MeasurePoint, MeasureSleep, OutOfTime, StartVariant, SweepTime

_FIRST_START_S, _FIRST_POINT_S = 60.0, 15.0
"""Assumed duration of a start and of a point before any was measured."""
_SLACK: Final = 1.3
_LONGEST_POINT_S: Final = 120.0
_END_S: Final = 5.0
_MAX_OF_IT: Final = 0.8
"""An engine that takes longer than this part of a budget will not start in the next run either."""
SEED: Final = 16
WINDOW_S: Final = 3.0
"""How long each point is measured: some ten to some thousand steps."""


class BudgetUsed(Exception):
    """What was begun could not end in the rest of the budget; the next run begins with it."""


@dataclass(slots=True, kw_only=True)
class SweepRun:
    """One run, from its start to the end of its budget."""

    target: SweepTarget
    log: SweepLog
    budget_s: float
    report: Callable[[str], None]
    program: Sequence[str]
    """The program that runs the engine's command."""
    window_s: float = WINDOW_S
    began: float = 0.0
    engine: EngineProcess | None = None
    variant: EngineVariant | None = None
    client: LoadClient | None = None
    slowest_start_s: float = _FIRST_START_S
    slowest_point_s: float = _FIRST_POINT_S
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    failed: dict[str, str] = field(default_factory=dict)
    """Points that could not be measured, and why: retried once when all others are done, then skipped."""
    again: bool = False
    """Whether these are being retried."""

    async def run(self) -> int:
        """Measure; return how many points are left. Raises `EngineFailed` if the command as given does not start."""
        self.began = asyncio.get_running_loop().time()
        self._begin()
        try:
            while True:
                step = plan.next_step(self.target.limits, self._record(), self.variant, self._time())
                match step:
                    case StartVariant(variant):
                        await self._start(variant)
                    case MeasurePoint(point):
                        await self._measure(point)
                    case MeasureSleep():
                        await self._sleep()
                    case OutOfTime():
                        return self._left()
                    case _ if self.failed:
                        self.failed.clear()
                        self.again = True
                    case _:
                        shutil.rmtree(self._caches, ignore_errors=True)
                        return 0
        except BudgetUsed:
            return self._left()
        finally:
            await self._end()

    def _record(self) -> SweepRecord:
        """The record that the plan uses: points that failed once are put off."""
        put_off = (SkippedWork(what=what, why=why) for what, why in self.failed.items())
        return replace(self.log.record, skipped=(*self.log.record.skipped, *put_off))

    def _left(self) -> int:
        """Points for the next run; a start that is left counts as one."""
        return max(1, len(plan.left(self.target.limits, self.log.record)))

    def _begin(self) -> None:
        """Report first what cannot be measured; a first run starts with empty caches."""
        earlier = {one.what for one in self.log.record.skipped}
        for one in plan.left_out(self.target.limits):
            if one.what not in earlier:
                self._skip(one.what, one.why)
        starts = [one.seconds for one in self.log.record.starts]
        self.slowest_start_s = max(starts) * _SLACK + _END_S if starts else min(_FIRST_START_S, self.budget_s / 2)
        if self.slowest_start_s > self.budget_s:
            least = math.ceil(self.slowest_start_s + self.slowest_point_s)
            raise SweepArgumentError(f"--budget: a start took {max(starts):.0f} s; write {least}s or more")
        if not starts:
            shutil.rmtree(self._caches, ignore_errors=True)

    @property
    def _caches(self) -> Path:
        """Caches that engines of this sweep keep from one start to the next, on the machine that they ran on."""
        return self.log.place.with_name(self.log.place.name + ".caches").absolute()

    @property
    def _log_file(self) -> Path:
        """The engines' whole output."""
        return self.log.place.with_name(self.log.place.name + ".log")

    def _now(self) -> float:
        return asyncio.get_running_loop().time() - self.began

    def _time(self) -> SweepTime:
        left = self.budget_s - self._now() - (_END_S if self.engine else 0.0)
        return SweepTime(left_s=left, start_s=self.slowest_start_s, point_s=self.slowest_point_s)

    async def _start(self, variant: EngineVariant) -> None:
        await self._end()
        self.report(f"starting the engine: {variant}")
        kept = self._caches.is_dir()
        self._caches.mkdir(parents=True, exist_ok=True)
        start = VariantStart(self.target, variant, self._caches)
        self.engine = await engine_process.start(self.program, start.words, start.environment, self._log_file)
        began, seconds = self._now(), self.budget_s - self._now() - engine_process.END_S
        try:
            await self.engine.wait_until_ready(seconds)
            await self._enter(variant, kept=kept)
        except EngineSlow as problem:
            if seconds < _MAX_OF_IT * self.budget_s:
                raise BudgetUsed from problem
            await self._failed(variant, problem)
        except (EngineFailed, NoAnswer, aiohttp.ClientError, OSError, TimeoutError) as problem:
            await self._failed(variant, problem)
        else:
            self.variant = variant
            self.slowest_start_s = max(self.slowest_start_s, (self._now() - began) * _SLACK + _END_S)

    async def _failed(self, variant: EngineVariant, problem: Exception) -> None:
        """Skip a variant that does not start; without the engine as given there is nothing to measure."""
        await self._end()
        if variant is EngineVariant.AS_GIVEN:
            raise EngineFailed(f"the engine does not start: {problem}; its log is {self._log_file}") from problem
        self._skip(variant, str(problem))

    async def _enter(self, variant: EngineVariant, *, kept: bool) -> None:
        """Record the figures of the start itself, and warm the engine up."""
        engine = self.engine
        assert engine is not None
        session = await self.stack.enter_async_context(
            load_client.session(self.target.serve_arguments.answering.api_keys)
        )
        self.client = LoadClient(
            kind=self.target.kind,
            session=session,
            url=engine.url,
            model=VariantStart(self.target, variant, self._caches).served_name,
            vocabulary=self.target.sizing.shape.vocab,
            chance=random.Random(f"{SEED} {self._now()}"),  # noqa: S311  # prompts, not secrets
            repetitive=variant in {EngineVariant.NGRAM, EngineVariant.NGRAM_GPU},
        )
        if variant is EngineVariant.AS_GIVEN:
            self.log.name_engine(await self.client.version())
        seen = await self.client.sample()
        found_log = self.target.kind.start(engine.lines, engine.ready_s)
        found = EngineColdStart(
            variant=variant,
            kept=kept,
            seconds=engine.ready_s,
            phases=found_log.phases,
            graphs_gib=found_log.graphs_gib,
            capacity=seen.capacity,
        )
        self.log.keep(found)
        self.report(f"ready after {engine.ready_s:.1f} s")
        await point_measurement.warm_up(self.client)

    async def _measure(self, point: SweepPoint) -> None:
        client, engine = self.client, self.engine
        assert client is not None
        assert engine is not None
        began, limits = self._now(), self._limits()
        if plan.too_large(point, limits.capacity_tokens):
            held = f"{point.tokens:,} tokens and replies in a KV cache of {limits.capacity_tokens:,}"
            self._skip(point.words, f"they would not run at once: {held}")
            return
        longest = min(_LONGEST_POINT_S, self.budget_s - self._now())
        try:
            async with asyncio.timeout(longest):
                found = await point_measurement.measure(client, point, limits)
        except TimeoutError as problem:
            if longest < _LONGEST_POINT_S:
                raise BudgetUsed from problem
            self._put_off(point, f"it did not end within {longest:.0f} s")
            await self._end()
        except (NotMeasured, NoAnswer, aiohttp.ClientError, OSError) as problem:
            await self._give_up(point, str(problem))
        else:
            self.log.keep(found)
            self.report(f"{found.words}; {self._time().left_s:.0f} s left")
            self.slowest_point_s = max(self.slowest_point_s, (self._now() - began) * _SLACK)

    async def _give_up(self, point: SweepPoint, why: str) -> None:
        """Report the failure and go on, with a new engine if this one has ended."""
        engine = self.engine
        if engine is None or not engine.ended:
            self._put_off(point, why)
            return
        self._put_off(point, f"the engine ended: {start_log.error(engine.lines)}")
        await self._end()

    def _put_off(self, point: SweepPoint, why: str) -> None:
        """Retry once, since the cause may be a busy machine; then skip."""
        if self.again:
            self._skip(point.words, why)
            return
        self.failed[point.words] = why
        self.report(f"{point.words}: {why}; it is retried at the end")

    async def _sleep(self) -> None:
        client, engine, sleep_endpoints = self.client, self.engine, self.target.kind.sleep_endpoints
        assert client is not None
        assert engine is not None
        assert sleep_endpoints is not None
        try:
            async with asyncio.timeout(_LONGEST_POINT_S):
                found = await point_measurement.sleep(client, sleep_endpoints)
        except (TimeoutError, NoAnswer, aiohttp.ClientError, OSError) as problem:
            self._skip(EngineVariant.SLEEP, str(problem) or "it did not wake in time")
            return
        freed = self.target.kind.slept(engine.lines)
        if freed is not None:
            found = replace(found, freed_gib=freed[0], left_gib=freed[1])
        self.log.keep(found)
        self.report(f"asleep in {found.asleep_s:.2f} s, awake in {found.awake_s:.2f} s")

    async def _end(self) -> None:
        engine, self.engine, self.client, self.variant = self.engine, None, None, None
        await self.stack.aclose()
        if engine is not None:
            await engine.end()

    def _skip(self, what: str, why: str) -> None:
        self.log.keep(SkippedWork(what=what, why=why))
        self.report(f"skipped {what}: {why}")

    def _limits(self) -> MeasuringLimits:
        own = [one.capacity for one in self.log.record.starts if one.variant is self.variant]
        capacity = own[-1] if own else None
        most = capacity.tokens if capacity else self.target.sizing.context
        return MeasuringLimits(context=self.target.sizing.context, capacity_tokens=most, window_s=self.window_s)

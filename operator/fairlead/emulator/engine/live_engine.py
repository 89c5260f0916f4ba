"""Assembles one server's engine from its `EngineProvision`, and shuts it down."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine import kv_events
from fairlead.emulator.engine.block_hashes import BlockHasher
from fairlead.emulator.engine.engine_client import LiveEngineClient
from fairlead.emulator.engine.engine_control import LiveEngineControl
from fairlead.emulator.engine.kv_events import KvEventJournal, KvEventPublisher
from fairlead.emulator.engine.lag import StepLag
from fairlead.emulator.engine.metrics.page import EnginePage, PageFacts, RankMetrics
from fairlead.emulator.engine.provision import EngineProvision
from fairlead.emulator.engine.rank import CacheEventSink, LiveRank, SharedRankState
from fairlead.emulator.faults import EngineFault, FaultState
from fairlead.emulator.surface.jobs import JobEnding
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.counts import EngineCounts

_NO_ENVIRONMENT: Final[Mapping[str, str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineClocks:
    """The clocks of the process, and where to log a warning about lag."""

    steady: Callable[[], float]
    """Monotonic seconds."""
    day: Callable[[], float]
    """Seconds since 1970."""
    log: Callable[[str], None] | None = None
    """Logs a line when the process lags."""


class LiveEngine:
    """The engine client and control of one server; must be created inside a running event loop."""

    def __init__(
        self,
        provision: EngineProvision,
        knobs: EmulationKnobs,
        clocks: EngineClocks,
        environment: Mapping[str, str] = _NO_ENVIRONMENT,
    ) -> None:
        self._provision = provision
        self._seed = knobs.seed
        self.died: Callable[[EngineFault], None] = _ignore_fault
        """Called when a fault ends the engine or the process."""
        self._by = SharedRankState(
            clock=clocks.steady,
            day=clocks.day,
            faults=FaultState(knobs.order),
            lag=StepLag(knobs.lag_limit_seconds, clocks.log),
            die=self._die,
        )
        ranks = [self._rank(number) for number in range(provision.engines)]
        hasher = BlockHasher(provision.serve_arguments.hash_algorithm, environment)
        self.driver = LiveEngineClient(ranks, hasher, self._by, provision.serve_arguments.admission)
        open_to_orders = knobs.faults_api or provision.serve_arguments.answering.dev_mode
        self.acts = LiveEngineControl(
            provision.serve_arguments,
            self.driver,
            self._page(ranks),
            faults_open=open_to_orders,
            wake_seconds=knobs.wake_seconds,
        )

    def end(self) -> int:
        """Let the engine process die: end every job in flight with an error; return how many there were."""
        self.driver.dead = True
        for rank in self.driver.ranks:
            rank.stop()
        return self.driver.end_all(JobEnding.DEAD)

    def fall_silent(self) -> None:
        """Handle a death that the server has not noticed yet: no more tokens come."""
        for rank in self.driver.ranks:
            rank.stop()

    def close(self) -> None:
        """Stop all ranks and close their sockets."""
        for rank in self.driver.ranks:
            rank.stop()
            if rank.event_sink is not None:
                rank.event_sink.publisher.close()

    def _die(self, fault: EngineFault) -> None:
        """Apply a deadly fault; an engine whose death kills its server falls silent first, without errors."""
        if fault is EngineFault.ENGINE_DEATH and self._provision.dialect.ending.killed_by_death:
            self.fall_silent()
        elif fault is EngineFault.ENGINE_DEATH:
            self.end()
        self.died(fault)

    def _rank(self, number: int) -> LiveRank:
        made = self._provision
        core = EngineCore(made.settings, made.times, random.Random(f"{self._seed}/{number}"))  # noqa: S311 - a replayable draw
        return LiveRank(
            core, made.dialect.tally(made.serve_arguments, made.settings), self._by, self._event_sink(number)
        )

    def _event_sink(self, number: int) -> CacheEventSink | None:
        config = kv_events.config(self._provision.serve_arguments.kv_events)
        if not config.on or not self._provision.settings.prefix_caching:
            return None
        journal = KvEventJournal(self._provision.settings.block_tokens, lambda name: self.acts.adapter_numbers[name])
        return CacheEventSink(journal, KvEventPublisher(config, number, self._by.day))

    def _page(self, ranks: list[LiveRank]) -> EnginePage:
        made = self._provision
        facts = PageFacts(
            serve_arguments=made.serve_arguments,
            settings=made.settings,
            engines=[RankMetrics(number, rank.tally, _counts(rank.core)) for number, rank in enumerate(ranks)],
            cache=made.cache,
            born=self._by.day(),
            lag=self._by.lag,
            rejected=self.driver.rejected,
        )
        return made.dialect.page(facts)


def _counts(core: EngineCore) -> Callable[[], EngineCounts]:
    return lambda: core.counts


def _ignore_fault(_: EngineFault) -> None:
    """Default until the owner sets `died`."""

"""One scheduler on the wall clock: a step begins when the one before has ended, and its tokens come out when it does.

Due times are absolute: a step begins at the moment the model says the last one ended, however late the process noticed.
So lateness never adds up, and what cannot be caught up shows as lag.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from fairlead.emulator.engine.kv_events import KvEventJournal, KvEventPublisher
from fairlead.emulator.engine.lag import StepLag
from fairlead.emulator.engine.metrics.tally import FinishedSequence, RankTally, StepGauges
from fairlead.emulator.engine.submitted_jobs import RunningSequence, SubmittedJob
from fairlead.emulator.faults import EngineFault, FaultState
from fairlead.emulator.surface.jobs import JobEnding, SequenceTimes
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.requests import FinishReason
from fairlead.simulator.engine.steps import Emission, EngineStep


def _ignore_job_end(_: SubmittedJob) -> None:
    """Until somebody takes jobs in, nobody is told."""


@dataclass(slots=True, kw_only=True)
class SharedRankState:
    """What all engines of a process share."""

    clock: Callable[[], float]
    """Seconds that only grow; the loop's own time is too coarse under uvloop."""
    day: Callable[[], float]
    """The time of day in seconds."""
    faults: FaultState
    lag: StepLag
    die: Callable[[EngineFault], None]
    """The fault that ends everything is due."""
    left: Callable[[SubmittedJob], None] = _ignore_job_end
    """A job is over, however it ended."""


@dataclass(slots=True)
class CacheEventSink:
    """Where changes of the cache go."""

    journal: KvEventJournal
    publisher: KvEventPublisher


class LiveRank:
    """A data-parallel engine; the only one of most servers."""

    def __init__(
        self, core: EngineCore, tally: RankTally, clockwork: SharedRankState, teller: CacheEventSink | None = None
    ) -> None:
        self.core = core
        self.tally = tally
        self.teller = teller
        self._by = clockwork
        self._step: EngineStep | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stuck = False
        self._telling = False
        """Between two steps, while first tokens go out."""
        self._ended_runs: list[RunningSequence] = []
        """Whose texts need not be remembered much longer."""
        self._rests = asyncio.Event()
        self._rests.set()
        if teller is not None:
            core.listen(teller.journal)

    def wake(self) -> None:
        """Somebody may run now; while a step is on its way nothing needs to be said."""
        if self._step is None:
            self._begin(max(self._by.clock(), self._due))

    def stop(self) -> None:
        """No step will end any more."""
        self._stuck = True
        if self._timer is not None:
            self._timer.cancel()

    def go_on(self) -> None:
        """The fault that held a step back is over."""
        if self._stuck and self._step is not None:
            self._stuck = False
            self._due = max(self._due, self._by.clock())
            self._ended()

    def drop(self, runs: list[RunningSequence]) -> None:
        """They leave, wherever they are; the engine notices at once where no step is on its way."""
        now = self._by.clock()
        for run in runs:
            self.core.abort(run, now)
        self._ended_runs += runs
        if self._step is None and not self._telling:
            self.note()
            self.wake()

    async def rests(self) -> None:
        """Until no step is on its way: an engine does what it is told between steps."""
        await self._rests.wait()

    def note(self) -> None:
        """The gauges, as the engine reports them."""
        core = self.core
        self.tally.standing = StepGauges(
            running=core.running, waiting=core.waiting, deferred=core.deferred, usage=core.usage
        )

    def _begin(self, at: float) -> None:
        step = self.core.begin(at)
        if step is None:
            self._rests.set()
            self._by.lag.rest()
            return
        self._rests.clear()
        self._step = step
        self._due = at + step.seconds * self._by.faults.slowness
        wait = max(0.0, self._due - self._by.clock())
        self._timer = asyncio.get_running_loop().call_later(wait, self._ended)

    def _ended(self) -> None:
        """First tokens go out before all else: their wait is what a client feels, and they are few.

        Telling costs no time of the model: the next step is due when it is due, whoever is told before.
        """
        if self._stuck or self._by.faults.shows(EngineFault.NO_TOKENS):
            self._stuck = True
            return
        step, self._step, due = self._step, None, self._due
        assert step is not None
        self._forget_ended()
        emissions = self.core.complete(step, due)
        now = self._by.clock()
        self._telling = True
        for one in emissions:
            if one.first:
                self._first(cast("RunningSequence", one.request), one, now)
        self._telling = False
        self._begin(due)
        self.note()
        self._tell_others(emissions, now)
        told = self._by.clock()
        self._by.lag.add(now - due + _mean_arrival_delay(told - now, step.seconds), told)
        generated = sum([one.tokens for one in emissions])
        self.tally.stepped(step.batch, generated)
        self._after(generated)

    def _tell_others(self, emissions: list[Emission], now: float) -> None:
        gaps: dict[float, int] = {}
        for one in emissions:
            if not one.first:
                run = cast("RunningSequence", one.request)
                gap = now - run.told
                gaps[gap] = gaps.get(gap, 0) + 1
                run.told = now
                self._deliver(run, one)
        for gap, times in gaps.items():
            self.tally.later(gap, times)

    def _first(self, run: RunningSequence, one: Emission, now: float) -> None:
        run.begun = run.told = now
        run.feed.cached_tokens[run.index] = run.cached_tokens
        self.tally.first(run, now)
        self._deliver(run, one)

    def _deliver(self, run: RunningSequence, one: Emission) -> None:
        feed = run.feed
        if feed.over:
            return
        if self._by.faults.shows(EngineFault.CUT_STREAM) and run.emitted > self._by.faults.order.tokens:
            self.end(feed, JobEnding.CUT)
        elif one.finished is not None:
            self._finished(run, one)
        elif feed.job.each_step:
            feed.listener.on_tokens(run.index, one.tokens, None)

    def _finished(self, run: RunningSequence, one: Emission) -> None:
        assert one.finished is not None
        feed, finish, now = run.feed, one.finished.value, run.told
        scheduled = run.scheduled if run.scheduled is not None else now
        self.tally.ended(
            run, FinishedSequence(finish, now, max(0.0, scheduled - run.came), max(0.0, run.begun - scheduled))
        )
        self._ended_runs.append(run)
        feed.left -= 1
        if feed.left == 0:
            self.tally.answered(feed)
            self._by.faults.answered += 1
            feed.over = True
            if len(feed.runs) == 1:
                feed.times = SequenceTimes(queued=run.came, scheduled=scheduled, first_token=run.begun, last_token=now)
        feed.listener.on_tokens(run.index, one.tokens if feed.job.each_step else run.emitted, finish)
        if feed.over:
            self._by.left(feed)

    def end(self, feed: SubmittedJob, ending: JobEnding) -> None:
        """Take a job out and tell whoever waits for it; of an aborted one, what is out is the answer."""
        if feed.over:
            return
        runs = feed.unfinished
        self.drop(runs)
        if ending is JobEnding.ABORTED:
            self.tally.finished[FinishReason.ABORT] += len(runs)
            for run in runs:
                if run.emitted and not feed.job.each_step:
                    feed.listener.on_tokens(run.index, run.emitted, None)
        feed.end(ending)
        self._by.left(feed)

    def _forget_ended(self) -> None:
        """Their last pages were stored at the earliest when the step after their end began."""
        if self.teller is not None:
            for run in self._ended_runs:
                self.teller.journal.forget(run)
        self._ended_runs.clear()

    def _after(self, generated: int) -> None:
        """What a step brings about beside tokens."""
        if self.teller is not None and (events := self.teller.journal.taken()):
            self.teller.publisher.publish(events)
        if self.core.settings.adapter_slots:
            self.tally.adapters[",".join(self.core.adapters)] = self._by.day()
        faults = self._by.faults
        faults.tokens += generated
        if (death := faults.deadly) is not None:
            self._by.die(death)


def _mean_arrival_delay(telling: float, step: float) -> float:
    """How late requests are heard on average: who comes while tokens are told waits for half of it."""
    return telling / 2 * min(1.0, telling / step) if step > 0 else telling / 2

"""One scheduler on the wall clock: each step begins when the previous one has ended, and its end emits its tokens.

Due times are absolute: a step begins when the model says that the last one ended, however late the process noticed. So
delays never add up, and what cannot be caught up shows as lag.
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
from fairlead.simulator.engine.steps import Emission, EngineStep


def _ignore_job_end(_: SubmittedJob) -> None:
    """Default until the engine client sets `left`."""


@dataclass(slots=True, kw_only=True)
class SharedRankState:
    """State that all data-parallel ranks of a process share."""

    clock: Callable[[], float]
    """Monotonic seconds; the event loop's own time is too coarse under uvloop."""
    day: Callable[[], float]
    """Seconds since 1970."""
    faults: FaultState
    lag: StepLag
    die: Callable[[EngineFault], None]
    """Called when a deadly fault is due."""
    left: Callable[[SubmittedJob], None] = _ignore_job_end
    """Called when a job has ended, in any way."""


@dataclass(slots=True)
class CacheEventSink:
    """The journal and the publisher of a rank's KV events."""

    journal: KvEventJournal
    publisher: KvEventPublisher


class LiveRank:
    """One data-parallel rank; most servers have only one."""

    def __init__(
        self, core: EngineCore, tally: RankTally, clockwork: SharedRankState, event_sink: CacheEventSink | None = None
    ) -> None:
        self.core = core
        self.tally = tally
        self.event_sink = event_sink
        self._by = clockwork
        self._step: EngineStep | None = None
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stuck = False
        self._emitting = False
        """True between two steps, while first tokens are emitted."""
        self._ended_runs: list[RunningSequence] = []
        """Ended sequences that the KV event journal forgets at the next step's end."""
        self._rests = asyncio.Event()
        self._rests.set()
        if event_sink is not None:
            core.listen(event_sink.journal)

    @property
    def stuck(self) -> bool:
        """Whether steps have stopped ending."""
        return self._stuck

    def wake(self) -> None:
        """Begin a step if none is running; the end of a running one begins the next anyway."""
        if self._step is None:
            self._begin(max(self._by.clock(), self._due))

    def stop(self) -> None:
        """Cancel the running step; no step will end any more."""
        self._stuck = True
        if self._timer is not None:
            self._timer.cancel()

    def go_on(self) -> None:
        """Complete the step that a fault held back."""
        if self._stuck and self._step is not None:
            self._stuck = False
            self._due = max(self._due, self._by.clock())
            self._ended()

    def drop(self, runs: list[RunningSequence]) -> None:
        """Abort sequences, running or queued; if no step is running, the next one begins at once."""
        now = self._by.clock()
        for run in runs:
            self.core.abort(run, now)
        self._ended_runs += runs
        if self._step is None and not self._emitting:
            self.note()
            self.wake()

    async def rests(self) -> None:
        """Wait until no step is running: control operations take effect between steps."""
        await self._rests.wait()

    def note(self) -> None:
        """Set the gauges from the scheduler state."""
        core = self.core
        self.tally.gauges = StepGauges(
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
        """End a step. Its first tokens are emitted before all else, since they are few and decide the client's TTFT.

        Emitting takes no model time: the next step's due time does not depend on it.
        """
        if self._stuck or self._by.faults.shows(EngineFault.NO_TOKENS):
            self._stuck = True
            return
        step, self._step, due = self._step, None, self._due
        assert step is not None
        self._forget_ended()
        emissions = self.core.complete(step, due)
        now = self._by.clock()
        self._emitting = True
        for one in emissions:
            if one.first:
                self._first(cast("RunningSequence", one.request), one, now)
        self._emitting = False
        self._begin(due)
        self.note()
        self._emit_others(emissions, now)
        emitted_at = self._by.clock()
        self._by.lag.add(now - due + _mean_arrival_delay(emitted_at - now, step.seconds), emitted_at)
        generated = sum([one.tokens for one in emissions])
        self.tally.stepped(step.batch, generated)
        self._after(generated)

    def _emit_others(self, emissions: list[Emission], now: float) -> None:
        gaps: dict[float, int] = {}
        for one in emissions:
            if not one.first:
                run = cast("RunningSequence", one.request)
                gap = now - run.last_token
                gaps[gap] = gaps.get(gap, 0) + 1
                run.last_token = now
                self._deliver(run, one)
        for gap, times in gaps.items():
            self.tally.later(gap, times)

    def _first(self, run: RunningSequence, one: Emission, now: float) -> None:
        run.begun = run.last_token = now
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
        feed, finish, now = run.feed, one.finished.value, run.last_token
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
        """Remove a job and notify its listener; an aborted one keeps the tokens emitted so far as its reply."""
        if feed.over:
            return
        runs = feed.unfinished
        self.drop(runs)
        if ending is JobEnding.ABORTED:
            self.tally.aborted(len(runs))
            for run in runs:
                if run.emitted and not feed.job.each_step:
                    feed.listener.on_tokens(run.index, run.emitted, None)
        feed.end(ending)
        self._by.left(feed)

    def _forget_ended(self) -> None:
        """Let the journal forget ended sequences: their last blocks were stored when the step after their end began."""
        if self.event_sink is not None:
            for run in self._ended_runs:
                self.event_sink.journal.forget(run)
        self._ended_runs.clear()

    def _after(self, generated: int) -> None:
        """After each step, publish KV events, record adapters, and trigger a deadly fault that is due."""
        if self.event_sink is not None and (events := self.event_sink.journal.taken()):
            self.event_sink.publisher.publish(events)
        if self.core.settings.adapter_slots:
            self.tally.adapters[",".join(self.core.adapters)] = self._by.day()
        faults = self._by.faults
        faults.tokens += generated
        if (death := faults.deadly) is not None:
            self._by.die(death)


def _mean_arrival_delay(emission: float, step: float) -> float:
    """Return the mean delay before an arrival is noticed: one during emission waits for half of it on average."""
    return emission / 2 * min(1.0, emission / step) if step > 0 else emission / 2

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
        self,
        core: EngineCore,
        tally: RankTally,
        shared_state: SharedRankState,
        event_sink: CacheEventSink | None = None,
    ) -> None:
        self.core = core
        self.tally = tally
        self.event_sink = event_sink
        self._shared_state = shared_state
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
            self._begin(max(self._shared_state.clock(), self._due))

    def stop(self) -> None:
        """Cancel the running step; no step will end any more."""
        self._stuck = True
        if self._timer is not None:
            self._timer.cancel()

    def go_on(self) -> None:
        """Complete the step that a fault held back."""
        if self._stuck and self._step is not None:
            self._stuck = False
            self._due = max(self._due, self._shared_state.clock())
            self._ended()

    def drop(self, runs: list[RunningSequence]) -> None:
        """Abort sequences, running or queued; if no step is running, the next one begins at once."""
        now = self._shared_state.clock()
        for sequence in runs:
            self.core.abort(sequence, now)
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
            self._shared_state.lag.rest()
            return
        self._rests.clear()
        self._step = step
        self._due = at + step.seconds * self._shared_state.faults.slowness
        wait = max(0.0, self._due - self._shared_state.clock())
        self._timer = asyncio.get_running_loop().call_later(wait, self._ended)

    def _ended(self) -> None:
        """End a step. Its first tokens are emitted before all else, since they are few and decide the client's TTFT.

        Emitting takes no model time: the next step's due time does not depend on it.
        """
        if self._stuck or self._shared_state.faults.shows(EngineFault.NO_TOKENS):
            self._stuck = True
            return
        step, self._step, due = self._step, None, self._due
        assert step is not None
        self._forget_ended()
        emissions = self.core.complete(step, due)
        now = self._shared_state.clock()
        self._emitting = True
        for one in emissions:
            if one.first:
                self._first(cast("RunningSequence", one.request), one, now)
        self._emitting = False
        self._begin(due)
        self.note()
        self._emit_others(emissions, now)
        emitted_at = self._shared_state.clock()
        self._shared_state.lag.add(now - due + _mean_arrival_delay(emitted_at - now, step.seconds), emitted_at)
        generated = sum([one.tokens for one in emissions])
        self.tally.stepped(step.batch, generated)
        self._after(generated)

    def _emit_others(self, emissions: list[Emission], now: float) -> None:
        gaps: dict[float, int] = {}
        for one in emissions:
            if not one.first:
                sequence = cast("RunningSequence", one.request)
                gap = now - sequence.last_token
                gaps[gap] = gaps.get(gap, 0) + 1
                sequence.last_token = now
                self._deliver(sequence, one)
        for gap, times in gaps.items():
            self.tally.later(gap, times)

    def _first(self, sequence: RunningSequence, one: Emission, now: float) -> None:
        sequence.begun = sequence.last_token = now
        sequence.job.cached_tokens[sequence.index] = sequence.cached_tokens
        self.tally.first(sequence, now)
        self._deliver(sequence, one)

    def _deliver(self, sequence: RunningSequence, one: Emission) -> None:
        job = sequence.job
        if job.over:
            return
        if (
            self._shared_state.faults.shows(EngineFault.CUT_STREAM)
            and sequence.emitted > self._shared_state.faults.order.tokens
        ):
            self.end(job, JobEnding.CUT)
        elif one.finished is not None:
            self._finished(sequence, one)
        elif job.job.each_step:
            job.listener.on_tokens(sequence.index, one.tokens, None)

    def _finished(self, sequence: RunningSequence, one: Emission) -> None:
        assert one.finished is not None
        job, finish, now = sequence.job, one.finished.value, sequence.last_token
        scheduled = sequence.scheduled if sequence.scheduled is not None else now
        self.tally.ended(
            sequence,
            FinishedSequence(finish, now, max(0.0, scheduled - sequence.came), max(0.0, sequence.begun - scheduled)),
        )
        self._ended_runs.append(sequence)
        job.left -= 1
        if job.left == 0:
            self.tally.answered(job)
            self._shared_state.faults.answered += 1
            job.over = True
            if len(job.runs) == 1:
                job.times = SequenceTimes(
                    queued=sequence.came, scheduled=scheduled, first_token=sequence.begun, last_token=now
                )
        job.listener.on_tokens(sequence.index, one.tokens if job.job.each_step else sequence.emitted, finish)
        if job.over:
            self._shared_state.left(job)

    def end(self, job: SubmittedJob, ending: JobEnding) -> None:
        """Remove a job and notify its listener; an aborted one keeps the tokens emitted so far as its reply."""
        if job.over:
            return
        runs = job.unfinished
        self.drop(runs)
        if ending is JobEnding.ABORTED:
            self.tally.aborted(len(runs))
            for sequence in runs:
                if sequence.emitted and not job.job.each_step:
                    job.listener.on_tokens(sequence.index, sequence.emitted, None)
        job.end(ending)
        self._shared_state.left(job)

    def _forget_ended(self) -> None:
        """Let the journal forget ended sequences: their last blocks were stored when the step after their end began."""
        if self.event_sink is not None:
            for sequence in self._ended_runs:
                self.event_sink.journal.forget(sequence)
        self._ended_runs.clear()

    def _after(self, generated: int) -> None:
        """After each step, publish KV events, record adapters, and trigger a deadly fault that is due."""
        if self.event_sink is not None and (events := self.event_sink.journal.taken()):
            self.event_sink.publisher.publish(events)
        if self.core.settings.adapter_slots:
            self.tally.adapters[",".join(self.core.adapters)] = self._shared_state.day()
        faults = self._shared_state.faults
        faults.tokens += generated
        if (death := faults.deadly) is not None:
            self._shared_state.die(death)


def _mean_arrival_delay(emission: float, step: float) -> float:
    """Return the mean delay before an arrival is noticed: one during emission waits for half of it on average."""
    return emission / 2 * min(1.0, emission / step) if step > 0 else emission / 2

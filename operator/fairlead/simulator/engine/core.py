"""vLLM V1's scheduler over time: requests are added, steps are scheduled, and each step's end emits tokens.

A server calls `begin` and `complete` around each step. A simulation calls `advance`, which skips many steps at once
while requests only decode; the result equals that of single steps to the bit. The time is an argument; no clock is
read.
"""

from collections.abc import Iterable
from math import inf

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine import request_entry, running_requests, speculation, step_outcomes
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.block_pool import CacheListener
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus
from fairlead.simulator.engine.scheduler_state import SchedulerState
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.engine.step_outcomes import EmissionSettings
from fairlead.simulator.engine.steps import AdvanceResult, Emission, EngineStep, PauseMode, SchedulerRefusal


class EngineCore:
    """One engine's scheduler."""

    __slots__ = (
        "_drafts",
        "_emitting",
        "_extra",
        "_pause",
        "_seen",
        "_state",
        "_step",
        "_stirred",
        "_times",
        "_together",
        "horizon",
        "settings",
    )  # fmt: skip

    def __init__(
        self, settings: EngineSettings, times: StepTimes, randomness: RandomSource, *, plain: bool = False
    ) -> None:
        self.settings = settings
        self._times = times
        self._emitting = EmissionSettings(0.0, randomness, every=True)
        self._drafts = settings.speculation is not None
        self._together = not (plain or self._drafts)
        """Whether decoding requests may be scheduled as one group; `plain` turns this off, as a reference for tests."""
        self._state = SchedulerState(settings)
        self._pause = PauseMode.NONE
        self._step: EngineStep | None = None
        self._extra = 0
        """Steps after the one in flight with the same batch."""
        self.horizon = inf
        """When the last of these ends: no earlier first or last token unless a request is added or ends. Infinite
        without a step in flight."""
        self._seen = 0.0
        """The time that `advance` last reached."""
        self._stirred = False
        """Whether a request was added, or released its place or its blocks, since the last admission."""

    def add(self, request: EngineRequest) -> SchedulerRefusal | None:
        """Add a request for the next step, or with asynchronous scheduling for the one after it."""
        refused = request_entry.refusal(self._state, request)
        if refused is not None:
            return refused
        if request.reply and len(request.prefix) != request.prompt_tokens // self.settings.block_tokens:
            raise ValueError(
                f"request {request.serial}: reply names pages, but prefix has {len(request.prefix)} ids for "
                f"{request.prompt_tokens // self.settings.block_tokens} full pages; give them all or no reply"
            )
        state, late = self._state, self.settings.late_stop and self._step is not None
        if self._extra:
            done = state.pace.done_by(self._seen, self._extra)
            if state.coming or done == self._extra:
                self._catch_up()  # the last step may be running; a request added within it joins a step later
                done = 0
            self._keep(done + 1 if late else done)
        request.status = EngineRequestStatus.WAITING
        state.backlog += request.prompt_tokens
        if late:
            state.coming.append(request)
        else:
            state.waiting.add(request)
        return None

    def abort(self, request: EngineRequest, now: float) -> None:
        """End a request at once and free what it holds; no effect on one that has ended."""
        if request.status in {EngineRequestStatus.NEW, EngineRequestStatus.ENDED}:
            return
        self._catch_up(stay=False)
        self._state.finish(request, now)

    def begin(self, now: float) -> EngineStep | None:
        """Schedule the next step; None if no request can be computed."""
        if self._step is not None:
            raise AssertionError(f"a step that ends at {self._step.ends} is still on its way")
        if self._pause is PauseMode.ALL:
            self._state.let_go()
            return None
        state = self._state
        while True:
            step = EngineStep(now)
            preempted = self._schedule(step)
            moved = state.let_go() if state.lingering or state.coming else False
            self._stirred = moved or preempted
            if step.batch.decodes or step.batch.prefills:
                break
            if not self._stirred:
                return None
        self._time(step)
        self._step = step
        self._extra = 0
        self.horizon = step.ends
        return step

    def _schedule(self, step: EngineStep) -> bool:
        """Fill a step; return whether a request was preempted for it."""
        state = self._state
        budget = self.settings.batch_tokens - len(state.vain)
        preempted = False
        left: int | None = None
        if self._together:
            if state.scattered:
                state.gather()
            left = running_requests.schedule_together(state, step, budget)
        if left is None:
            state.scatter()
            left, preempted = running_requests.schedule_one_by_one(state, step, budget)
        if step.prompts or state.pool.listener is not None:
            self._name_pages(step)
        if state.waiting.count and not preempted and self._pause is PauseMode.NONE:
            request_entry.admit(state, step, left)
        for one in state.vain:
            step.batch.decodes += 1
            step.batch.decode_tokens += 1
            step.batch.decode_context += one.tokens
        if self._drafts:
            self._draft(step.batch.decodes + step.batch.prefills)
        return preempted

    def _draft(self, scheduled: int) -> None:
        """Set how many tokens this step drafts for the next, by its requests; an empty step changes nothing."""
        settings = self.settings.speculation
        if settings is not None and scheduled:
            self._state.drafting = speculation.drafted_after(settings, scheduled)

    def _name_pages(self, step: EngineStep) -> None:
        """Cache the blocks that this step fills; of replies only if a listener or another prompt may see them."""
        state = self._state
        if state.pool.listener is not None or any(request.prefix for request, _ in step.prompts):
            state.write_replies()
        for request, _ in step.prompts:
            state.write_names(request)

    def _time(self, step: EngineStep) -> None:
        """Set the step's end; by the decode line only if the next step will have the same requests."""
        batch, state = step.batch, self._state
        pace, decodes = state.pace, batch.decodes
        alike = state.lockstep.sequences if step.lockstep else len(step.decodes)
        if batch.prefills or self._drafts or decodes != alike:
            pace.breaks()
            step.ends = step.began + self._times.seconds(batch) + batch.loaded_blocks * self.settings.load_s
        elif pace.steps and pace.ends == step.began:
            step.ends = pace.goes_on()
        else:
            line = self._times.decode_line(decodes, batch.decode_tokens)
            step.ends = pace.begins(step.began, line, decodes, batch.decode_context)

    def complete(self, step: EngineStep, now: float) -> list[Emission]:
        """End a step and return one emission for each request that generated tokens."""
        if step is not self._step:
            raise AssertionError("only the step on its way can be completed")
        return self._complete(step, now, True)

    def _complete(self, step: EngineStep, now: float, every: bool) -> list[Emission]:
        self._step = None
        self._extra = 0
        self.horizon = inf
        counts = self._state.counts
        counts.steps += 1
        counts.computed_tokens += step.batch.decode_tokens + step.batch.prefill_tokens
        emitting = self._emitting
        emitting.now, emitting.every = now, every
        return step_outcomes.emissions(self._state, step, emitting)

    def _complete_many(self, step: EngineStep) -> list[Emission]:
        """End the step in flight and the equal steps planned after it."""
        state, extra, ends = self._state, self._extra, self.horizon
        counts, emitting, steps = state.counts, self._emitting, extra + 1
        pages = state.lockstep.pages(1, extra)
        if pages:
            state.pool.take(pages)
        state.pace.skip(extra, ends)
        if state.coming:
            state.let_go()
        self._step = None
        self._extra = 0
        self.horizon = inf
        counts.steps += steps
        counts.computed_tokens += step.batch.decode_tokens * steps
        emitting.now, emitting.every = ends, False
        return step_outcomes.landed(state, steps, emitting)

    def advance(self, now: float, until: float, *, stopping: bool = True) -> AdvanceResult:
        """Run all steps that end by `until`, or up to the end of the first with a request's first or last token.

        `now` is used if no step is in flight. A step that ends after `until` stays in flight.
        """
        emissions = self.run(now, until, stopping)
        return AdvanceResult(self._seen, emissions)

    def run(self, now: float, until: float, stopping: bool = False) -> list[Emission]:
        """Do the same without stopping early; return only the emissions."""
        if self.horizon > until and self._step is not None:
            self._seen = until
            return []
        emissions: list[Emission] = []
        while True:
            step = self._step
            if step is None:
                step = self.begin(now)
                if step is None:
                    break
                self._plan_ahead(step)
            if self.horizon > until:
                break
            now = self.horizon
            emissions += self._complete_many(step) if self._extra else self._complete(step, now, False)
            if emissions and stopping:
                self._seen = now
                return emissions
        self._seen = until
        return emissions

    def _plan_ahead(self, step: EngineStep) -> None:
        """Find how many steps will have the same batch if no request is added, ends, or lacks a block."""
        state = self._state
        pool, pace, lockstep = state.pool, state.pace, state.lockstep
        if not step.lockstep or pace.steps == 0 or pool.listener is not None:
            return
        if state.waiting.count and (self._stirred or self._may_find_more()):
            return
        extra = lockstep.undisturbed(pool.free)
        if extra:
            self._extra = extra
            self.horizon = pace.end(pace.steps + extra)

    def _may_find_more(self) -> bool:
        """Whether the next request to be admitted could hit blocks of replies that are still being generated.

        While requests lack an adapter slot, the one after them may: which one that is takes a walk through the queue.
        """
        state = self._state
        if not state.cacheable:
            return False
        first = state.waiting.first()
        return bool(state.deferred) or (first is not None and bool(first.prefix or first.reply))

    def _skip(self, step: EngineStep, steps: int, ends: float) -> None:
        """Advance by this many equal steps; the last of them is then in flight, and ends at this time.

        Its beginning is left to the code that reads it.
        """
        state = self._state
        lockstep, counts = state.lockstep, state.counts
        made = lockstep.sequences * steps
        state.pool.take(lockstep.pages(1, steps))
        lockstep.advance(steps)
        counts.steps += steps
        counts.generation_tokens += made
        counts.computed_tokens += made
        state.pace.skip(steps, ends)
        step.ends = ends
        step.batch.decode_context += made
        self._extra -= steps
        if state.coming and not self._extra:
            self._stirred = state.let_go()

    def _catch_up(self, *, stay: bool = True) -> None:
        """Bring all counts to the time last reached; `stay=False` also ends the run of equal steps, before a change."""
        if self._step is None:
            return
        if self._extra:
            pace = self._state.pace
            steps = pace.done_by(self._seen, self._extra)
            if steps:
                self._skip(self._step, steps, pace.end(pace.steps + steps))
                self._step.began = pace.end(pace.steps - 1)
            if not stay:
                self._keep(0)

    def _keep(self, most: int) -> None:
        """Plan at most this many equal steps after the one in flight."""
        if self._extra > most:
            pace = self._state.pace
            self._extra = most
            self.horizon = pace.end(pace.steps + most)

    def pause(self, pause: PauseMode) -> None:
        """Stop admission, stop completely, or resume; a step in flight still ends."""
        self._catch_up(stay=False)
        self._pause = pause

    def reset_prefix_cache(self) -> bool:
        """Empty the prefix cache, which works only while no request holds a block; return whether it did."""
        self._catch_up(stay=False)
        return self._state.pool.reset()

    def listen(self, listener: CacheListener) -> None:
        """Report changes of the prefix cache to this listener from now on."""
        self._catch_up(stay=False)
        self._state.pool.listener = listener

    def progress(self) -> Iterable[EngineRequest]:
        """Return the running requests with up-to-date progress."""
        self._catch_up()
        self._state.settle()
        return tuple(self._state.running)

    @property
    def flight(self) -> EngineStep | None:
        """The step in flight."""
        self._catch_up()
        return self._step

    @property
    def running(self) -> int:
        """Running requests."""
        return len(self._state.running)

    @property
    def waiting(self) -> int:
        """Waiting requests, deferred ones included."""
        return self._state.waiting.count + len(self._state.coming)

    @property
    def deferred(self) -> int:
        """The waiting requests that lack an adapter slot."""
        return len(self._state.deferred)

    @property
    def unfinished_prompts(self) -> int:
        """Prompt tokens of requests without a first token."""
        return self._state.backlog

    @property
    def adapters(self) -> tuple[str, ...]:
        """The adapters of running requests."""
        return tuple(self._state.adapters)

    @property
    def usage(self) -> float:
        """Share of the KV blocks that requests hold."""
        state = self._state
        if self._step is None or not self._extra:
            return state.pool.usage
        steps = state.pace.done_by(self._seen, self._extra)
        return state.pool.usage_with(state.lockstep.pages(1, steps))

    @property
    def free_pages(self) -> int:
        """Blocks that can be taken at once."""
        self._catch_up()
        return self._state.pool.free

    @property
    def counts(self) -> EngineCounts:
        """The counters since the start."""
        self._catch_up()
        return self._state.counts

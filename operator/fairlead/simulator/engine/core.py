"""vLLM V1's scheduler and the passing of time over it: requests in, steps out, tokens at their ends.

A server calls `begin` and `complete` around the time that a step takes. A simulation calls `advance`, which runs over
many steps at once where nothing but decoding happens; what comes of it equals single steps to the bit. Takes the time
as an argument and never reads a clock.
"""

from collections.abc import Iterable
from math import inf

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine import request_entry, running_requests, step_outcomes
from fairlead.simulator.engine.batch import StepTimes
from fairlead.simulator.engine.block_pool import CacheListener
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.requests import EngineRequest, EngineRequestStatus, FinishReason
from fairlead.simulator.engine.scheduler_state import SchedulerState
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.engine.steps import AdvanceResult, Emission, EngineStep, PauseMode, SchedulerRefusal


class EngineCore:
    """One engine's scheduler."""

    __slots__ = ("_chance", "_extra", "_flight", "_floor", "_pause", "_plain", "_quiet_until", "_seen", "_stirred",
                 "_times", "settings")  # fmt: skip

    def __init__(
        self, settings: EngineSettings, times: StepTimes, chance: RandomSource, *, plain: bool = False
    ) -> None:
        self.settings = settings
        self._times = times
        self._chance = chance
        self._plain = plain
        """Every request by itself and every step by itself: what the fast way is compared with."""
        self._floor = SchedulerState(settings)
        self._pause = PauseMode.NONE
        self._flight: EngineStep | None = None
        self._extra = 0
        """Steps after the one in flight that are known to be like it."""
        self._quiet_until = 0.0
        """When the last of these ends."""
        self._seen = 0.0
        """Until when `advance` was last asked to go."""
        self._stirred = False
        """Whether somebody came, or gave back seat or pages, after the last admission."""

    def refuses(self, request: EngineRequest) -> SchedulerRefusal | None:
        """What `add` would answer."""
        return request_entry.refusal(self._floor, request)

    def add(self, request: EngineRequest) -> SchedulerRefusal | None:
        """One request more, from the next step on; where steps are scheduled ahead, from the one after."""
        refused = request_entry.refusal(self._floor, request)
        if refused is not None:
            return refused
        if request.reply and len(request.prefix) != request.prompt_tokens // self.settings.block_tokens:
            raise ValueError(
                f"request {request.serial}: reply names pages, but prefix has {len(request.prefix)} ids for "
                f"{request.prompt_tokens // self.settings.block_tokens} full pages; give them all or no reply"
            )
        self._catch_up(stay=False)
        request.standing = EngineRequestStatus.WAITING
        self._floor.backlog += request.prompt_tokens
        if self.settings.late_stop and self._flight is not None:
            self._floor.coming.append(request)
        else:
            self._floor.waiting.add(request)
        return None

    def abort(self, request: EngineRequest, now: float) -> None:
        """It leaves at once and gives back what it holds; one that has ended stays as it is."""
        if request.standing in {EngineRequestStatus.NEW, EngineRequestStatus.ENDED}:
            return
        self._catch_up(stay=False)
        self._floor.finish(request, now)

    def begin(self, now: float) -> EngineStep | None:
        """The next step; None if there is nothing to do, or nobody can."""
        if self._flight is not None:
            raise AssertionError(f"a step that ends at {self._flight.ends} is still on its way")
        if self._pause is PauseMode.ALL:
            self._floor.let_go()
            return None
        floor = self._floor
        while True:
            step = EngineStep(now)
            preempted = self._schedule(step)
            self._stirred = floor.let_go() or preempted
            if step.batch.decodes or step.batch.prefills:
                break
            if not self._stirred:
                return None
        self._time(step)
        self._flight = step
        self._extra = 0
        self._quiet_until = step.ends
        return step

    def _schedule(self, step: EngineStep) -> bool:
        """Fill a step; whether anybody was preempted for it."""
        floor = self._floor
        wasted = [one for one in floor.lingering if one.finish is not FinishReason.LENGTH] if floor.lingering else ()
        budget = self.settings.batch_tokens - len(wasted)
        preempted = False
        left: int | None = None
        if not self._plain and self.settings.speculation is None:
            if floor.scattered:
                floor.gather()
            left = running_requests.schedule_together(floor, step, budget)
        if left is None:
            floor.scatter()
            left, preempted = running_requests.schedule_one_by_one(floor, step, budget)
        if step.prompts or floor.pool.listener is not None:
            self._name_pages(step)
        if not preempted and self._pause is PauseMode.NONE and floor.waiting:
            request_entry.admit(floor, step, left)
        for one in wasted:
            step.batch.decodes += 1
            step.batch.decode_tokens += 1
            step.batch.decode_context += one.tokens
        return preempted

    def _name_pages(self, step: EngineStep) -> None:
        """That this step fills; of replies only where somebody can tell the difference."""
        floor = self._floor
        if floor.pool.listener is not None or any(request.prefix for request, _ in step.prompts):
            floor.write_replies()
        for request, _ in step.prompts:
            floor.write_names(request)

    def _time(self, step: EngineStep) -> None:
        """When it ends; on the line only if all that it works on will be there in the next one."""
        batch, pace = step.batch, self._floor.pace
        alike = self._floor.lockstep.sequences if step.lockstep else len(step.decodes)
        if batch.prefills or self._floor.settings.speculation is not None or batch.decodes != alike:
            pace.breaks()
            step.ends = step.began + self._times.seconds(batch)
            return
        if pace.continues_at(step.began):
            pace.goes_on()
        else:
            line = self._times.decode_line(batch.decodes, batch.decode_tokens)
            pace.begins(step.began, line, batch.decodes, batch.decode_context)
        step.ends = pace.ends

    def complete(self, step: EngineStep, now: float) -> list[Emission]:
        """The step's tokens appear, one emission for each request that made any."""
        if step is not self._flight:
            raise AssertionError("only the step on its way can be completed")
        return self._complete(step, now, every=True)

    def _complete(self, step: EngineStep, now: float, *, every: bool) -> list[Emission]:
        self._flight = None
        self._extra = 0
        counts = self._floor.counts
        counts.steps += 1
        counts.computed_tokens += step.tokens
        return step_outcomes.emissions(self._floor, step, step_outcomes.EmissionSettings(now, self._chance, every))

    def advance(self, now: float, until: float, *, stopping: bool = True) -> AdvanceResult:
        """Run all steps that end by then, or to the end of the first in which somebody made a first or a last token.

        `now` counts where no step is on its way. The step that would end later stays on its way.
        """
        told: list[Emission] = []
        while True:
            step = self._flight
            if step is None:
                step = self.begin(now)
                if step is None:
                    break
                self._look_ahead(step)
            if self._quiet_until > until:
                break
            if self._extra:
                self._skip(step, self._extra)
            now = step.ends
            told += self._complete(step, now, every=False)
            if told and stopping:
                self._seen = now
                return AdvanceResult(now, told)
        self._seen = until
        return AdvanceResult(until, told)

    def _look_ahead(self, step: EngineStep) -> None:
        """How many steps will be like this one if nobody comes, goes, or lacks a page."""
        floor = self._floor
        if not step.lockstep or floor.pace.steps == 0 or floor.pool.listener is not None:
            return
        if floor.waiting and (self._stirred or self._may_find_more()):
            return
        extra = floor.lockstep.affordable(floor.pool.free, floor.lockstep.until_an_end() - 1)
        if extra > 0:
            self._extra = extra
            self._quiet_until = floor.pace.end(floor.pace.steps + extra)

    def _may_find_more(self) -> bool:
        """Whether who waits could profit from what the others are writing."""
        first = self._floor.waiting.first()
        return first is not None and bool(first.prefix or first.reply) and bool(self._floor.talkers)

    def _skip(self, step: EngineStep, steps: int) -> None:
        """The step in flight and those after it are done, and the last of so many more is in flight."""
        floor = self._floor
        lockstep, made = floor.lockstep, floor.lockstep.sequences * steps
        floor.pool.take(lockstep.pages(1, steps))
        lockstep.advance(steps)
        floor.counts.steps += steps
        floor.counts.generation_tokens += made
        floor.counts.computed_tokens += made
        floor.pace.goes_on(steps)
        step.began = floor.pace.end(floor.pace.steps - 1)
        step.ends = floor.pace.ends
        step.batch.decode_context += made
        self._extra -= steps

    def _catch_up(self, *, stay: bool = True) -> None:
        """Bring the books to the moment last reached; what changes then is no longer known to stay alike."""
        if self._flight is None or not self._extra:
            return
        steps = self._floor.pace.done_by(self._seen, self._extra)
        if steps:
            self._skip(self._flight, steps)
        if not stay:
            self._extra = 0
            self._quiet_until = self._flight.ends

    def pause(self, pause: PauseMode) -> None:
        """Stop letting in, or stop altogether, or go on; a step on its way ends."""
        self._catch_up(stay=False)
        self._pause = pause

    def reset_prefix_cache(self) -> bool:
        """Forget what the cache remembers; only while nobody holds a page."""
        self._catch_up(stay=False)
        return self._floor.pool.reset()

    def listen(self, listener: CacheListener) -> None:
        """From now on it is told which pages can be found."""
        self._catch_up(stay=False)
        self._floor.pool.listener = listener

    def progress(self) -> Iterable[EngineRequest]:
        """Those that run, with their progress written down."""
        self._catch_up()
        self._floor.settle()
        return tuple(self._floor.running)

    @property
    def flight(self) -> EngineStep | None:
        """The step on its way."""
        self._catch_up()
        return self._flight

    @property
    def horizon(self) -> float:
        """Nothing shows before this moment if nobody comes or goes; infinite with no step on its way."""
        return inf if self._flight is None else self._quiet_until

    @property
    def running(self) -> int:
        """Requests with a seat."""
        return len(self._floor.running)

    @property
    def waiting(self) -> int:
        """Requests without, those passed over included."""
        return len(self._floor.waiting) + len(self._floor.coming)

    @property
    def deferred(self) -> int:
        """Of these, the passed over."""
        return len(self._floor.deferred)

    @property
    def unfinished_prompts(self) -> int:
        """Tokens of prompts without a first token."""
        return self._floor.backlog

    @property
    def adapters(self) -> tuple[str, ...]:
        """Of those that run."""
        return tuple(self._floor.adapters)

    @property
    def usage(self) -> float:
        """Share of the pages that is held."""
        self._catch_up()
        return self._floor.pool.usage

    @property
    def free_pages(self) -> int:
        """Pages that could be had at once."""
        self._catch_up()
        return self._floor.pool.free

    @property
    def counts(self) -> EngineCounts:
        """All that was done so far."""
        self._catch_up()
        return self._floor.counts

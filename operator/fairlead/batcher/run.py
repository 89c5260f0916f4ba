"""One run: workers take requests in the file's order, until all have ended or the run is stopped.

The requests of a model without a replica are set aside, and one of them is tried now and then, beside all others. Those
that memory has no room for are read again later, in another pass over the input.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from fairlead.batcher.batch_endpoint import BatchAttempt, BatchEndpoint
from fairlead.batcher.output_file import FailureFile, OutputFile
from fairlead.batcher.send_gate import SendGate
from fairlead.batching import attempt_outcomes, output_lines
from fairlead.batching.attempt_outcomes import AttemptCounts, Outcome
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.fleet_signs import FleetSigns
from fairlead.batching.input_passes import InputPasses
from fairlead.batching.model_rests import MAX_TRIED, HeldRequest, ModelRests
from fairlead.batching.run_tally import RunEnd, RunTally
from fairlead.batching.send_window import SendWindow
from fairlead.fleet.randomness import RandomSource
from fairlead.fleet.time_spans import lasting

GRACE_S: Final = 20.0
"""How long a run that ends waits for answers: less than a pod's grace period of 30 s."""
BATCH_LANE: Final = "batch"
_NO_MORE: Final = object()
"""The file has been read."""
_FINAL: Final = (Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNUSABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What a run may do."""

    concurrency: int
    give_up_after_s: float
    grace_s: float = GRACE_S

    @property
    def most_tried(self) -> int:
        """Models without a replica that are tried at a time: no more than others are sent."""
        return min(MAX_TRIED, self.concurrency)


@dataclass(slots=True, kw_only=True)
class BatchRun:
    """The requests, where they go, and what became of them."""

    read: Callable[[], Iterator[BatchRequest | None]]
    """Begins a pass over all requests; None comes now and then while many are skipped, so that nothing waits for that.
    """
    endpoint: BatchEndpoint
    output: OutputFile
    failures: FailureFile
    limits: RunLimits
    tally: RunTally
    random: RandomSource
    warn: Callable[[str], object]
    end: RunEnd | None = None
    detail: str = ""
    """Why it ended, where the end does not say it all."""
    _gate: SendGate = field(init=False)
    _beside: SendGate = field(init=False)
    """For what is tried of models without a replica: it takes no place of the others."""
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _hurried: asyncio.Event = field(default_factory=asyncio.Event)
    _more_workers: asyncio.Event = field(default_factory=asyncio.Event)
    """A model had no replica, so what is tried of it keeps a worker for long; or all workers end."""
    _signs: FleetSigns = field(init=False)
    _rests: ModelRests = field(init=False)
    _passes: InputPasses = field(default_factory=InputPasses)
    _reading: Iterator[BatchRequest | None] = field(init=False)
    _signals: int = 0
    _explained: bool = False
    """Whether the lane is clear: a reply named it, or an answer did not."""

    def __post_init__(self) -> None:
        self._gate = SendGate(SendWindow(self.limits.concurrency))
        most_tried = self.limits.most_tried
        self._beside = SendGate(SendWindow(most_tried, first=most_tried))
        self._signs = FleetSigns(self.limits.give_up_after_s)
        self._rests = ModelRests(self.limits.give_up_after_s, most_tried)
        self._reading = self.read()

    @property
    def in_flight(self) -> int:
        """How many requests are sent and not answered."""
        return self._gate.window.in_flight + self._beside.window.in_flight

    async def run(self) -> RunEnd:
        """Send all requests; return why nothing more is sent."""
        workers = [asyncio.create_task(self._work()) for _ in range(self.limits.concurrency)]
        workers += [asyncio.create_task(self._work_beside()) for _ in range(self.limits.most_tried)]
        all_ended = asyncio.gather(*workers)
        watches = [asyncio.create_task(one.wait()) for one in (self._ending, self._hurried)]
        try:
            await asyncio.wait((all_ended, watches[0]), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait(
                (all_ended, watches[1]), timeout=self.limits.grace_s, return_when=asyncio.FIRST_COMPLETED
            )
            if all_ended.done():
                all_ended.result()
        finally:
            for one in (*workers, *watches):
                one.cancel()
            await asyncio.gather(all_ended, *workers, *watches, return_exceptions=True)
        return self.end or RunEnd.COMPLETE

    def stop(self, why: RunEnd, detail: str = "") -> None:
        """Send nothing more, and wait briefly for what is in flight; a second signal ends the wait."""
        self._signals += why is RunEnd.INTERRUPTED
        if self._signals > 1:
            self._hurried.set()
        if self.end is None:
            self.end, self.detail = why, detail
            self._ending.set()
            self._more_workers.set()
            self._gate.close()
            self._beside.close()

    async def _work(self) -> None:
        while (held := await self._next()) is not None:
            await self._finish(held.request, held.counts)
            self._rests.ended(held.request)
        self._more_workers.set()

    async def _work_beside(self) -> None:
        await self._more_workers.wait()
        await self._work()

    async def _next(self) -> HeldRequest | None:
        """Return the next request that may be sent; None if none is left, or the run ends."""
        while self.end is None:
            if (due := self._rests.due(self._now())) is not None:
                return due
            found = next(self._reading, _NO_MORE)
            if isinstance(found, BatchRequest):
                if (held := self._taken(found)) is not None:
                    return held
            elif found is _NO_MORE:
                if self._rests.is_empty and not self._passes.left:
                    return None
                await self._read_again()
            await asyncio.sleep(0)
        return None

    def _taken(self, request: BatchRequest) -> HeldRequest | None:
        """Return a request that may be sent now; set another one aside, or leave it to the next pass."""
        if not self._passes.sends(request):
            return None
        held = HeldRequest(request=request)
        if not self._rests.must_wait(request):
            return held
        if self._rests.is_full:
            self._passes.leave(request)
        else:
            self._rests.set_aside(held)
        return None

    async def _read_again(self) -> None:
        """Begin another pass if some of what the last one left can be sent or set aside now; else wait."""
        if self._rests.may_take(self._passes.left):
            self._passes.begin_next()
            self._reading = self.read()
        else:
            await self._rest(attempt_outcomes.FIRST_WAIT_S)

    async def _finish(self, request: BatchRequest, counts: AttemptCounts) -> None:
        """Send a request until it has an answer or a failure, is set aside, or the run ends."""
        while (sent_in := await (gate := self._gate_of(request)).enter()) is not None:
            if self._rests.must_wait(request):
                gate.window.ended()
                gate.advance()
                self._rests.set_aside(HeldRequest(request=request, counts=counts))
                return
            attempt, took_s = await self._attempt(request)
            if attempt.outcome in _FINAL:
                self._ended(gate, request, attempt)
                return
            counts = counts.after(attempt.outcome, took_s)
            wait_s = counts.wait_s(attempt.retry_after_s, self.random.random())
            self._held_up(gate, attempt, sent_in, wait_s)
            if attempt.outcome is Outcome.NO_REPLICA:
                self._set_aside(HeldRequest(request=request, counts=counts), attempt, took_s)
                return
            if counts.are_exhausted(self.limits.give_up_after_s) and self._signs.may_fail(self._now()):
                self._signs.failed()
                self._failed(request, attempt)
                return
            self.tally.add_retry(attempt.reason)
            await self._rest(wait_s)
            counts = counts.waited(wait_s)

    def _gate_of(self, request: BatchRequest) -> SendGate:
        return self._beside if self._rests.is_tried(request) else self._gate

    def _set_aside(self, held: HeldRequest, attempt: BatchAttempt, took_s: float) -> None:
        """Let a request wait until its model has a replica, or fail with all others that do."""
        model, now = held.request.model, self._now()
        self._more_workers.set()
        lasts = self._rests.refused(held.request, took_s, attempt.retry_after_s, now)
        if not lasts or not self._signs.may_fail(now):
            self._rests.set_aside(held)
            self.tally.add_retry(attempt.reason)
            return
        self._failed(held.request, attempt)
        message = f"not sent again: for {lasting(self.limits.give_up_after_s)} no replica served its model"
        for one in self._rests.given_up(model):
            self.failures.add(output_lines.unanswered(one.request, attempt.outcome, message))
            self.tally.add_failure(attempt.reason)

    async def _attempt(self, request: BatchRequest) -> tuple[BatchAttempt, float]:
        """Send a request once; return what became of it, and the seconds that it took."""
        number = self._signs.sent(self._now())
        attempt = await self.endpoint.send(request, explain=not self._explained)
        took_s = self._signs.ended(number, attempt.outcome, self._now())
        if not self._explained and (attempt.lane or attempt.outcome is Outcome.ANSWERED):
            self._explained = True
            if attempt.lane not in ("", BATCH_LANE):
                self.warn(
                    f"the router serves these requests in its lane {attempt.lane}, beside users' own: switch on "
                    "`lanes.batch`, or lower --concurrency"
                )
        return attempt, took_s

    def _ended(self, gate: SendGate, request: BatchRequest, attempt: BatchAttempt) -> None:
        window = gate.window
        if attempt.outcome is Outcome.ANSWERED:
            assert attempt.reply is not None
            window.answered()
            self._rests.answered(request.model)
            self.output.add(output_lines.replied(request, attempt.reply))
            self.tally.add_answer(attempt.usage)
        else:
            window.ended()
            if attempt.outcome is Outcome.UNUSABLE:
                self.stop(RunEnd.UNUSABLE, self.endpoint.why_unusable(attempt))
            else:
                self._failed(request, attempt)
        gate.advance()

    def _failed(self, request: BatchRequest, attempt: BatchAttempt) -> None:
        if attempt.reply is not None:
            line = output_lines.replied(request, attempt.reply)
        else:
            line = output_lines.unanswered(request, attempt.reason, attempt.message)
        self.failures.add(line)
        self.tally.add_failure(attempt.reason)

    def _held_up(self, gate: SendGate, attempt: BatchAttempt, sent_in: int, wait_s: float) -> None:
        """Report an attempt that did not succeed to the window; end a run in which none does, and none waits."""
        now, window = self._now(), gate.window
        if attempt.outcome in (Outcome.BUSY, Outcome.SPENT):
            window.refused(sent_in, now + attempt_outcomes.honoured_s(attempt.retry_after_s))
        elif attempt.outcome is Outcome.UNREACHABLE:
            window.unreachable(now + wait_s)
        else:
            window.ended()
        if self._signs.is_lost(now):
            self.stop(RunEnd.NO_ANSWERS, f"the last attempt: {attempt.reason} {attempt.message}".rstrip())
        for one in (self._gate, self._beside):
            one.window.pause(window.resume_at)
            one.advance()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _rest(self, seconds: float) -> None:
        """Wait, unless the run ends first."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

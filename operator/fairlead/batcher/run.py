"""One run: workers take requests in the file's order, until all have ended or the run is stopped."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Final

from fairlead.batcher.batch_endpoint import BatchAttempt, BatchEndpoint
from fairlead.batcher.output_file import FailureFile, OutputFile
from fairlead.batcher.send_gate import SendGate
from fairlead.batching import output_lines
from fairlead.batching.attempt_outcomes import AttemptCounts, Outcome
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.run_tally import RunEnd, RunTally
from fairlead.batching.send_window import SendWindow
from fairlead.fleet.randomness import RandomSource

GRACE_S: Final = 20.0
"""How long a run that ends waits for answers: less than a pod's grace period of 30 s."""
BATCH_LANE: Final = "batch"
_SIGNS: Final = (Outcome.ANSWERED, Outcome.REFUSED)
_TAKEN_S: Final = 60.0
"""A request that waited for longer was taken: it is the fleet that is busy, and not the address that is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """What a run may do."""

    concurrency: int
    give_up_after_s: float
    grace_s: float = GRACE_S


@dataclass(slots=True, kw_only=True)
class BatchRun:
    """The requests, where they go, and what became of them."""

    requests: Iterator[BatchRequest]
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
    _ending: asyncio.Event = field(default_factory=asyncio.Event)
    _hurried: asyncio.Event = field(default_factory=asyncio.Event)
    _last_sign: float = 0.0
    """When the fleet last answered, or ended the wait of a request that it had taken."""
    _explained: bool = False

    def __post_init__(self) -> None:
        self._gate = SendGate(SendWindow(self.limits.concurrency))

    @property
    def in_flight(self) -> int:
        """How many requests are sent and not answered."""
        return self._gate.window.in_flight

    async def run(self) -> RunEnd:
        """Send all requests; return why nothing more is sent."""
        self._last_sign = asyncio.get_running_loop().time()
        workers = [asyncio.create_task(self._work()) for _ in range(self.limits.concurrency)]
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
            await asyncio.gather(*workers, *watches, return_exceptions=True)
        return self.end or RunEnd.COMPLETE

    def stop(self, why: RunEnd, detail: str = "") -> None:
        """Send nothing more, and wait briefly for what is in flight; a second signal ends the wait."""
        if self.end is RunEnd.INTERRUPTED and why is RunEnd.INTERRUPTED:
            self._hurried.set()
        if self.end is None:
            self.end, self.detail = why, detail
            self._ending.set()
            self._gate.close()

    async def _work(self) -> None:
        while self.end is None and (request := next(self.requests, None)) is not None:
            await self._finish(request)

    async def _finish(self, request: BatchRequest) -> None:
        """Send a request until it has an answer or a failure, or the run ends."""
        counts, refused_at, clock = AttemptCounts(), inf, asyncio.get_running_loop().time
        while (sent_in := await self._gate.enter()) is not None:
            attempt = await self._attempt(request)
            if attempt.outcome in (Outcome.ANSWERED, Outcome.REFUSED, Outcome.UNUSABLE):
                self._ended(request, attempt)
                return
            counts = counts.after(attempt.outcome)
            wait_s = counts.wait_s(attempt.retry_after_s, self.random.random())
            self._held_up(attempt, sent_in, wait_s)
            refused_at = min(refused_at, clock()) if counts.refusals else inf
            is_last = counts.are_exhausted(clock() - refused_at, self.limits.give_up_after_s)
            if is_last and self.end is not RunEnd.NO_ANSWERS:
                self._failed(request, attempt)
                return
            self.tally.add_retry(attempt.reason)
            await self._rest(wait_s)

    async def _attempt(self, request: BatchRequest) -> BatchAttempt:
        explain, self._explained = not self._explained, True
        began = asyncio.get_running_loop().time()
        attempt = await self.endpoint.send(request, explain=explain)
        now = asyncio.get_running_loop().time()
        if attempt.outcome in _SIGNS or now - began > _TAKEN_S:
            self._last_sign = now
        if attempt.lane and attempt.lane != BATCH_LANE:
            self.warn(
                f"the router serves these requests in its lane {attempt.lane}, beside users' own: switch on "
                "`lanes.batch`, or lower --concurrency"
            )
        return attempt

    def _ended(self, request: BatchRequest, attempt: BatchAttempt) -> None:
        window = self._gate.window
        if attempt.outcome is Outcome.ANSWERED:
            assert attempt.reply is not None
            window.answered()
            self.output.add(output_lines.replied(request, attempt.reply))
            self.tally.add_answer(attempt.usage)
        else:
            window.ended()
            if attempt.outcome is Outcome.UNUSABLE:
                self.stop(RunEnd.UNUSABLE, self.endpoint.refused_key(attempt))
            else:
                self._failed(request, attempt)
        self._gate.advance()

    def _failed(self, request: BatchRequest, attempt: BatchAttempt) -> None:
        if attempt.reply is not None:
            line = output_lines.replied(request, attempt.reply)
        else:
            line = output_lines.unanswered(request, attempt.reason, attempt.message)
        self.failures.add(line)
        self.tally.add_failure(attempt.reason)

    def _held_up(self, attempt: BatchAttempt, sent_in: int, wait_s: float) -> None:
        """Report an attempt that did not succeed to the window; end a run in which none does, and none waits."""
        now, window = asyncio.get_running_loop().time(), self._gate.window
        if attempt.outcome is Outcome.BUSY:
            window.refused(sent_in, now if attempt.retry_after_s is None else now + wait_s)
        elif attempt.outcome is Outcome.UNREACHABLE:
            window.unreachable(now + wait_s)
        else:
            window.ended()
        if not window.in_flight and now - self._last_sign > self.limits.give_up_after_s:
            self.stop(RunEnd.NO_ANSWERS, f"the last attempt: {attempt.reason} {attempt.message}".rstrip())
        self._gate.advance()

    async def _rest(self, seconds: float) -> None:
        """Wait, unless the run ends first."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

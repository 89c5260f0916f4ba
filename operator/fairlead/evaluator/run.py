"""One run: the baseline's noise first, then both sides item by item, until the verdict or the last item."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.comparing import answer_noise
from fairlead.comparing.answer_noise import SetRefusal
from fairlead.comparing.item_pairs import PairCounts
from fairlead.comparing.quality import QualityPlan, QualityReport
from fairlead.comparing.sample_size import ItemPlan
from fairlead.evaluating import judge, progress
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.judge import PositionBias, Verdicts
from fairlead.evaluating.progress import RunProgress, Side, WantedAnswer
from fairlead.evaluator.endpoint_client import EndpointClient, EndpointUnusable
from fairlead.evaluator.endpoint_judge import EndpointJudge
from fairlead.evaluator.journal_file import JournalFile

EVERY: Final = 10
"""Answers between two checks for an early verdict, at least."""
CHECKED_AGAIN: Final = 0.02
"""Share of the answers so far that must come between two checks: each reads all of them."""
MAX_UNREACHABLE: Final = 4
"""Items in a row without any reply, each after several attempts."""
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """Settings of a run."""

    plan: QualityPlan
    item_plan: ItemPlan
    """The plan by which a set that is too small is refused."""
    concurrency: int = 16
    samples: int = 1
    noise_items: int = answer_noise.ITEMS
    anyway: bool = False
    """Run a set that is too small nevertheless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The result of a run."""

    counts: PairCounts | None
    refusal: SetRefusal | None
    report: QualityReport | None
    """None if the set was refused."""
    sent: int
    bias: PositionBias | None = None
    """Bias of the judge, if there is one."""


@dataclass(slots=True, kw_only=True)
class EvaluationRun:
    """Both sides, their journals, and the next requests."""

    items: Sequence[EvaluationItem]
    clients: dict[Side, EndpointClient]
    journals: dict[Side, JournalFile]
    settings: RunSettings
    report: Report
    judge: EndpointJudge | None = None
    """Compares answers for which the items have no rules of their own."""
    sent: int = 0
    unreachable: Counter[Side] = field(default_factory=Counter)
    """By side: items in a row without any reply."""

    async def run(self) -> RunResult:
        """Run to the verdict; raises `EndpointUnusable` when an endpoint stops answering."""
        for client in self.clients.values():
            await client.find_model()
        if self.judge is not None:
            await self.judge.find_model()
        counts = await self._noise()
        refusal = answer_noise.refusal(len(self.items), self.settings.item_plan, counts, self.settings.samples)
        if refusal is not None and not self.settings.anyway:
            return RunResult(counts=counts, refusal=refusal, report=None, sent=self.sent)
        await self._judge_kept()
        await self._send(self._progress().wanted(), stop=self._decided)
        run = self._progress()
        found = run.report(self.settings.plan)
        # Only this run's pairs: the judge's journal also holds those of earlier candidates.
        bias = None if self.judge is None else run.bias()
        if bias is not None:
            found = replace(found, verdict=judge.checked(found.verdict, bias, judge.OF_COMMAND))
        return RunResult(counts=counts, refusal=refusal, report=found, sent=self.sent, bias=bias)

    def _progress(self) -> RunProgress:
        return RunProgress(
            items=self.items,
            samples=self.settings.samples,
            baseline=self.journals[Side.BASELINE].answers,
            candidate=self.journals[Side.CANDIDATE].answers,
            verdicts=self._verdicts,
        )

    @property
    def _verdicts(self) -> Verdicts | None:
        return None if self.judge is None else self.judge.verdicts

    async def _noise(self) -> PairCounts | None:
        some = self.items[: self.settings.noise_items]
        if not some:
            return None
        answers = self.journals[Side.BASELINE].answers
        await self._send(progress.wanted_noise(some, answers), stop=lambda: False)
        await self._judge_kept_noise(some)
        return progress.noise(some, answers, self._verdicts)

    def _decided(self) -> bool:
        return self._progress().decided_early(self.settings.plan)

    async def _send(self, wanted: Iterable[WantedAnswer], stop: Callable[[], bool]) -> None:
        """Send all of them with bounded concurrency; start no more once the verdict is decided."""
        left = list(wanted)
        waiting = iter(left)
        countdown = _Countdown(len(left), self.report)
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self.settings.concurrency, len(left))):
                    group.create_task(self._worker(waiting, countdown, stop))
        except BaseExceptionGroup as problems:
            # Not `except*`: before Python 3.11.4 what is raised in it is wrapped in a group of its own.
            raise problems.exceptions[0] from None

    async def _worker(self, waiting: Iterator[WantedAnswer], countdown: "_Countdown", stop: Callable[[], bool]) -> None:
        for wanted in waiting:
            if countdown.stopped:
                return
            await self._send_one(wanted)
            countdown.count()
            if countdown.is_due() and not countdown.stopped:
                countdown.stopped = stop()

    async def _send_one(self, wanted: WantedAnswer) -> None:
        reply = await self.clients[wanted.side].answer(wanted.item)
        self.sent += 1
        self.unreachable[wanted.side] = self.unreachable[wanted.side] + 1 if reply.unreachable else 0
        if self.unreachable[wanted.side] >= MAX_UNREACHABLE:
            raise EndpointUnusable(
                f"{wanted.side}: no reply to {MAX_UNREACHABLE} items in a row, the last: {reply.error[:80]}; "
                "check the endpoint and run again: the journal keeps what was answered"
            )
        line = JournalLine(
            item=wanted.item.name,
            digest=wanted.item.digest,
            sample=wanted.sample,
            answer=wanted.item.score(reply),
            text=reply.text,
        )
        self.journals[wanted.side].add(line)
        if self.judge is not None:
            await self._judged(wanted, self.judge)

    async def _judge_kept_noise(self, some: Sequence[EvaluationItem]) -> None:
        """Judge the baseline's pairs that were complete at the start and have no verdict yet."""
        if self.judge is None:
            return
        for one in progress.unjudged_noise(some, self.journals[Side.BASELINE].answers, self.judge.verdicts):
            await self.judge.compare(one.item, one.before, one.after)

    async def _judge_kept(self) -> None:
        """Judge pairs that were complete at the start and have no verdict yet."""
        for item in self.items if self.judge is not None else ():
            for sample in range(self.settings.samples):
                assert self.judge is not None
                await self._judged(WantedAnswer(Side.CANDIDATE, item, sample), self.judge)

    async def _judged(self, wanted: WantedAnswer, judged_by: EndpointJudge) -> None:
        """Judge the pairs that this answer completed: of the baseline's two answers, either may come last."""
        item, first = wanted.item, (wanted.item.digest, max(0, wanted.sample))
        baseline, candidate = (self.journals[one].answers for one in (Side.BASELINE, Side.CANDIDATE))
        others = [candidate.get((item.digest, wanted.sample))]
        if wanted.sample in (0, progress.NOISE_SAMPLE):
            others.append(baseline.get((item.digest, progress.NOISE_SAMPLE)))
        for after in others:
            if after is not None and first in baseline:
                await judged_by.compare(item, baseline[first], after)


@dataclass(slots=True)
class _Countdown:
    """Counts ended requests."""

    all: int
    report: Report
    ended: int = 0
    stopped: bool = False
    check_at: int = EVERY

    def is_due(self) -> bool:
        """Whether so many have ended since the last check that another one is worth its time."""
        if self.ended < self.check_at:
            return False
        self.check_at = self.ended + max(EVERY, int(self.ended * CHECKED_AGAIN))
        return True

    def count(self) -> None:
        self.ended += 1
        self.report(self.ended, self.all)

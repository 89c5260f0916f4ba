"""One run of an evaluation: the noise of the old revision first, then both, a round of requests at a time.

A round is kept whole before its answers count, and verdicts are given only between rounds. So an operator that is
killed at any point comes to the same verdict, and repeats at most one round.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from fairlead.comparing import answer_noise
from fairlead.controller.evaluations import run_reports
from fairlead.controller.evaluations.answer_store import AnswerStore
from fairlead.controller.evaluations.item_sets import ItemSet
from fairlead.controller.evaluations.judge_rounds import JudgeRounds
from fairlead.controller.evaluations.run_reports import RunReports
from fairlead.controller.interfaces import PodAccess
from fairlead.evaluating import progress, replies, requests
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.progress import Side, UnjudgedPair, WantedAnswer
from fairlead.evaluating.replies import ItemReply
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict
from fairlead.process.engine_places import EnginePlaces, RunSide

TRIES: Final = 3
FIRST_WAIT_S: Final = 0.5
ITEM_S: Final = 120.0
"""How long one answer may take."""
AGAIN_S: Final = 300.0
"""Before the baseline is asked again what it failed to answer; each further time twice as long."""
_BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(slots=True, kw_only=True)
class QualityRun:
    """One evaluation of one canary."""

    items: ItemSet
    margin: float
    stores: Mapping[Side, AnswerStore]
    access: PodAccess
    sides: Mapping[Side, RunSide]
    """As they are now: pods come and go."""
    judge: JudgeRounds | None = None
    """Decides which answer is better, if the items have no rules of their own."""
    verdict: GateVerdict | None = None
    ended: bool = False
    dropped: bool = False
    """Its answers are no longer needed: another run may keep its own in their place."""
    _loaded: bool = False
    _next: tuple[WantedAnswer, ...] | None = None
    """The next round of items, as it follows from what is kept."""
    _unjudged: tuple[UnjudgedPair, ...] = ()
    """Pairs to send to the judge before that."""
    _again_at: float | None = None
    """When the baseline is asked again what it failed to answer; None: nothing waits for that."""
    _failed_times: int = 0
    _models: dict[Side, str] = field(default_factory=dict)
    _places: EnginePlaces = field(default_factory=EnginePlaces)

    async def advance(self) -> bool:
        """Run one round; False if there is nothing to send, or no pod to send it to."""
        if not self._loaded:
            await asyncio.gather(*(one.load() for one in self.stores.values()))
            self._loaded = True
        for store in self.stores.values():
            await store.flush()
        if self._again_at is not None:
            if asyncio.get_running_loop().time() < self._again_at:
                return False
            self._again_at, self._next = None, None
            self.stores[Side.BASELINE].drop_failures()
        wanted = self._next if self._next is not None else self._wanted()
        self._next = wanted
        if self._unjudged:
            return await self._judge(self._unjudged)
        return await self._send(wanted) if wanted else False

    async def _judge(self, pairs: tuple[UnjudgedPair, ...]) -> bool:
        """Run a round of the judge; its verdicts are kept before they count."""
        assert self.judge is not None
        found = await self.judge.compare(pairs)
        if self.dropped:
            return False
        if found.verdicts:
            self._next = None
        for side, store in self.stores.items():
            await store.add_verdicts({pair.key: one for pair, one in found.verdicts if pair.side is side})
        if found.trouble:
            self.verdict = run_reports.judge_failed(found.trouble)
            return False
        self._next = self._wanted()
        return True

    async def _send(self, wanted: tuple[WantedAnswer, ...]) -> bool:
        missing = await self._unknown_models({one.side for one in wanted})
        if missing:
            self.verdict = run_reports.nameless(missing[0])
            return False
        if crowded := await self._crowded({one.side for one in wanted}):
            self.verdict = _users_wait(crowded[0], len(self.sides[crowded[0]].pods))
            return False
        if self.verdict is not None and self.verdict.reason is GateReason.USERS_WAIT:
            self.verdict = self._reports.verdict()
        answered = await asyncio.gather(*(self._answer(one) for one in wanted))
        if self.dropped:
            return False
        self._next = None
        kept = [(one.side, line) for one, line in zip(wanted, answered, strict=True) if line is not None]
        for side, store in self.stores.items():
            await store.add(line for of, line in kept if of is side)
        if not kept:
            self.verdict = run_reports.unreachable(
                f"none of {len(wanted)} requests was answered by a pod; check its pods; Fairlead sends the requests "
                "again"
            )
            return False
        self._next = self._wanted()
        return True

    def _wanted(self) -> tuple[WantedAnswer, ...]:
        """Return the next round; none once there is a verdict that further answers would not change."""
        assert self.items.plan is not None
        baseline, reports = self.stores[Side.BASELINE].answers, self._reports
        some, size = self.items.items[: answer_noise.ITEMS], self.items.plan.concurrency
        self._unjudged = ()
        if self._too_small(noisy=False):
            return ()
        noise = tuple(islice(progress.wanted_noise(some, baseline), size))
        if noise or self._are_unjudged(progress.unjudged_noise(some, baseline, reports.verdicts)):
            self.verdict = reports.verdict()
            return noise
        if self._too_small(noisy=True):
            return ()
        self.verdict = reports.verdict()
        if reports.decided_early():
            self.ended = self.verdict.reason is not GateReason.BASELINE_ERRORS
            if not self.ended:
                self._again_at = asyncio.get_running_loop().time() + AGAIN_S * 2**self._failed_times
                self._failed_times += 1
            return ()
        if self._are_unjudged(reports.progress().unjudged()):
            return ()
        wanted = tuple(islice(reports.progress().wanted(), size))
        self.ended = not wanted
        return wanted

    def _are_unjudged(self, pairs: Iterable[UnjudgedPair]) -> bool:
        """Whether there are any; each is two requests."""
        assert self.items.plan is not None
        self._unjudged = tuple(islice(pairs, max(1, self.items.plan.concurrency // 2)))
        return bool(self._unjudged)

    def _too_small(self, *, noisy: bool) -> bool:
        verdict = self._reports.too_small(noisy=noisy)
        self.verdict = verdict or self.verdict
        self.ended = verdict is not None
        return self.ended

    @property
    def _reports(self) -> RunReports:
        return RunReports(items=self.items, margin=self.margin, stores=self.stores)

    async def _unknown_models(self, sides: set[Side]) -> Sequence[Side]:
        """Return the sides whose pods do not report the name of their model."""
        for side in sides - self._models.keys():
            if (name := await run_reports.model_of(self.access, self.sides[side])) is not None:
                self._models[side] = name
        return [one for one in Side if one in sides and one not in self._models]

    async def _answer(self, wanted: WantedAnswer) -> JournalLine | None:
        """Return one answer, or an error that stays after several tries; None if no pod was there to answer."""
        reply = await self._reply(wanted)
        if reply is None:
            return None
        return JournalLine(
            item=wanted.item.name,
            digest=wanted.item.digest,
            sample=wanted.sample,
            answer=wanted.item.score(reply),
            text=reply.text,
        )

    async def _reply(self, wanted: WantedAnswer) -> ItemReply | None:
        assert self.items.plan is not None
        body = requests.body(wanted.item, self._models[wanted.side], self.items.plan.request)
        last: ItemReply | None = None
        tried: set[str] = set()
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(FIRST_WAIT_S * 2**attempt)
            pod = await self._places.take(self.access, lambda: self._current(wanted.side), tried)
            if pod is None:
                return None
            tried.add(uid := pod["metadata"]["uid"])
            try:
                reply = await self.access.complete(pod, self.sides[wanted.side].kind, body, requests.HEADERS, ITEM_S)
            finally:
                self._places.give_back(uid)
            if reply is None:
                last = None
                continue
            if reply.status == 200:
                return replies.read(reply.content)
            last = ItemReply(error=f"{reply.status} {reply.content[:120].decode(errors='replace')}")
            if reply.status not in _BUSY:
                return last
        return last

    def _current(self, side: Side) -> RunSide | None:
        """Return the current side; None once its answers are not needed."""
        return None if self.dropped else self.sides[side]

    async def _crowded(self, sides: set[Side]) -> Sequence[Side]:
        """Return sides where users' requests wait at every pod."""
        return [one for one in Side if one in sides and await self._places.are_full(self.access, self.sides[one])]


def _users_wait(side: Side, count: int) -> GateVerdict:
    at = "its pod" if count == 1 else f"all {count} pods"
    message = (
        f"users' requests wait at {at} of the {side}: nothing is sent until a pod has no waiting requests; if this "
        "lasts, add replicas, or evaluate at a quieter hour"
    )
    return GateVerdict(verdict=Verdict.UNDECIDED, reason=GateReason.USERS_WAIT, message=message)

"""One run of an evaluation: the noise of the old revision first, then both, a round of requests at a time.

A round is kept whole before its answers count, and verdicts are given between rounds alone. So an operator that is
killed at any point comes to the same verdict, and sends again at most one round.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from fairlead.comparing import answer_noise
from fairlead.comparing.quality import QualityPlan
from fairlead.comparing.sample_size import ItemPlan
from fairlead.controller.evaluations.answer_store import AnswerStore
from fairlead.controller.evaluations.item_sets import ItemSet
from fairlead.controller.evaluations.pod_places import PodPlaces, RunSide
from fairlead.controller.interfaces import PodAccess
from fairlead.evaluating import progress, replies, requests
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.progress import RunProgress, Side, WantedAnswer
from fairlead.evaluating.replies import ItemReply
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict

TRIES: Final = 3
FIRST_WAIT_S: Final = 0.5
ITEM_S: Final = 120.0
"""How long one answer may take."""
_BUSY: Final = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(slots=True, kw_only=True)
class QualityRun:
    """One evaluation of one canary."""

    found: ItemSet
    margin: float
    stores: Mapping[Side, AnswerStore]
    access: PodAccess
    sides: Mapping[Side, RunSide]
    """As they are now: pods come and go."""
    verdict: GateVerdict | None = None
    ended: bool = False
    dropped: bool = False
    """Nobody wants its answers any more: another run may keep its own in their place."""
    _loaded: bool = False
    _next: tuple[WantedAnswer, ...] | None = None
    """The next round, as it follows from what is kept."""
    _models: dict[Side, str] = field(default_factory=dict)
    _places: PodPlaces = field(default_factory=PodPlaces)

    async def advance(self) -> bool:
        """One round; False where there is nothing to send, or nobody to send it to."""
        if not self._loaded:
            await asyncio.gather(*(one.load() for one in self.stores.values()))
            self._loaded = True
        for store in self.stores.values():
            await store.flush()
        wanted = self._next if self._next is not None else self._wanted()
        if not wanted:
            return False
        missing = await self._unknown_models({one.side for one in wanted})
        if missing:
            self.verdict = unreachable(
                f"no pod of the {missing[0]} names its model; look at its pods, it is tried again"
            )
            return False
        if crowded := await self._crowded({one.side for one in wanted}):
            self.verdict = _users_wait(crowded[0], len(self.sides[crowded[0]].pods))
            return False
        if self.verdict is not None and self.verdict.reason is GateReason.USERS_WAIT:
            self.verdict = self._report()
        answered = await asyncio.gather(*(self._answer(one) for one in wanted))
        if self.dropped:
            return False
        self._next = None
        kept = [(one.side, line) for one, line in zip(wanted, answered, strict=True) if line is not None]
        for side, store in self.stores.items():
            await store.add(line for of, line in kept if of is side)
        if not kept:
            self.verdict = unreachable(
                f"none of {len(wanted)} requests was answered by any pod; look at its pods, they are sent again"
            )
            return False
        self._next = self._wanted()
        return True

    def _wanted(self) -> tuple[WantedAnswer, ...]:
        """The next round; none once there is a verdict that further answers would not change."""
        assert self.found.plan is not None
        items, baseline = self.found.items, self.stores[Side.BASELINE].answers
        size = self.found.plan.concurrency
        if self._too_small(noisy=False):
            return ()
        noise = tuple(islice(progress.wanted_noise(items[: answer_noise.ITEMS], baseline), size))
        if noise:
            self.verdict = self._report()
            return noise
        if self._too_small(noisy=True):
            return ()
        self.verdict = self._report()
        if self._progress().decided_early(self._plan()):
            self.ended = True
            return ()
        wanted = tuple(islice(self._progress().wanted(), size))
        self.ended = not wanted
        return wanted

    def _too_small(self, *, noisy: bool) -> bool:
        """Whether the set could not pass so noisy an engine; then nothing more is sent."""
        assert self.found.plan is not None
        items, least = len(self.found.items), self.found.plan.min_items
        some = self.found.items[: answer_noise.ITEMS]
        noise = progress.noise(some, self.stores[Side.BASELINE].answers) if noisy else None
        refusal = answer_noise.refusal(items, ItemPlan(margin=self.margin, discordance=0.0), noise)
        if items < least:
            message = f"{items} items, at least {least} are wanted; add items, or lower minItems"
            self.verdict = _too_few(message, least - items)
        elif refusal is not None:
            self.verdict = _too_few(refusal.message, None if refusal.needed is None else refusal.needed - items)
        self.ended = items < least or refusal is not None
        return self.ended

    def _plan(self) -> QualityPlan:
        assert self.found.plan is not None
        return QualityPlan(
            items=len(self.found.items),
            margin=self.margin,
            min_items=self.found.plan.min_items,
            chance=self.found.plan.chance,
        )

    def _progress(self) -> RunProgress:
        baseline, candidate = (self.stores[one].answers for one in (Side.BASELINE, Side.CANDIDATE))
        return RunProgress(items=self.found.items, samples=1, baseline=baseline, candidate=candidate)

    def _report(self) -> GateVerdict:
        return self._progress().report(self._plan()).verdict

    async def _unknown_models(self, sides: set[Side]) -> Sequence[Side]:
        """Sides whose pods do not say by which name their model is asked for."""
        for side in sides - self._models.keys():
            for pod in self.sides[side].pods:
                page = await self.access.models(pod, self.sides[side].kind)
                if page is not None and (name := replies.model_name(page)) is not None:
                    self._models[side] = name
                    break
        return [one for one in Side if one in sides and one not in self._models]

    async def _answer(self, wanted: WantedAnswer) -> JournalLine | None:
        """One answer, or an error that stays after several tries; None where nobody was there to answer."""
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
        assert self.found.plan is not None
        body = requests.body(wanted.item, self._models[wanted.side], self.found.plan.request)
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
        """The side as it is now; None once nobody wants its answers."""
        return None if self.dropped else self.sides[side]

    async def _crowded(self, sides: set[Side]) -> Sequence[Side]:
        """Sides where users' requests wait at every pod."""
        return [one for one in Side if one in sides and await self._places.are_full(self.access, self.sides[one])]


def _users_wait(side: Side, count: int) -> GateVerdict:
    at = "its pod" if count == 1 else f"all {count} pods"
    message = (
        f"users' requests wait at {at} of the {side}: nothing is sent until one has none; if this lasts, add replicas, "
        "or evaluate at a quieter hour"
    )
    return GateVerdict(verdict=Verdict.UNDECIDED, reason=GateReason.USERS_WAIT, message=message)


def unreachable(message: str) -> GateVerdict:
    """Nobody answers, which says nothing of a model."""
    return GateVerdict(verdict=Verdict.ERROR, reason=GateReason.UNREACHABLE, message=message)


def _too_few(message: str, missing: int | None) -> GateVerdict:
    return GateVerdict(
        verdict=Verdict.UNDECIDED, reason=GateReason.TOO_FEW_ITEMS, message=message[:240], missing=missing
    )

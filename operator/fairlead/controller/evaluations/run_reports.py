"""What a run reports between two steps of it: too small a set, the verdict so far, how far it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fairlead.comparing import answer_noise
from fairlead.comparing.quality import QualityPlan
from fairlead.comparing.sample_size import ItemPlan
from fairlead.controller.evaluations.answer_store import AnswerStore
from fairlead.controller.evaluations.item_sets import ItemSet
from fairlead.controller.interfaces import PodAccess
from fairlead.evaluating import judge, progress, replies
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.judge import PositionBias, Verdicts
from fairlead.evaluating.progress import RunProgress, Side
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict
from fairlead.process.engine_places import RunSide
from fairlead.review.context import ObjectKey

MAX_RUNS: Final = 8
"""Runs at a time; a canary beyond them waits until one ends, or cannot go on now."""
MAX_RUNS_OF_NAMESPACE: Final = 4
"""Of one namespace, whose engines or judges may answer slowly for hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReports:
    """The reports of one run."""

    items: ItemSet
    margin: float
    stores: Mapping[Side, AnswerStore]

    def too_small(self, *, noisy: bool) -> GateVerdict | None:
        """Report a set too small for so noisy an engine; then nothing more is sent."""
        assert self.items.plan is not None
        items, least = len(self.items.items), self.items.plan.min_items
        some = self.items.items[: answer_noise.ITEMS]
        counts = progress.noise(some, self.stores[Side.BASELINE].answers, self.verdicts) if noisy else None
        refusal = answer_noise.refusal(items, ItemPlan(margin=self.margin, discordance=0.0), counts)
        if items < least:
            return _too_few(f"{items} items, at least {least} are needed; add items, or lower minItems", least - items)
        if refusal is not None:
            return _too_few(refusal.message, None if refusal.needed is None else refusal.needed - items)
        return None

    def verdict(self) -> GateVerdict:
        """Judge what is kept."""
        run = self.progress()
        verdict = run.report(self._plan()).verdict
        return verdict if self.verdicts is None else _of_judge(verdict, run.bias())

    def decided_early(self) -> bool:
        """Whether nothing more needs to be sent."""
        return self.progress().decided_early(self._plan())

    def harm(self, lines: Sequence[JournalLine]) -> GateVerdict | None:
        """Report harm by the candidate's answers so far: then its other items need not be sent."""
        baseline = self.stores[Side.BASELINE].answers
        candidate = {(one.digest, one.sample): one for one in lines}
        run = RunProgress(items=self.items.items, samples=1, baseline=baseline, candidate=candidate)
        verdict = run.report(self._plan()).verdict if run.decided_early(self._plan()) else None
        return verdict if verdict is not None and verdict.reason is GateReason.STOPPED_FOR_HARM else None

    def progress(self) -> RunProgress:
        """The items in their order, and what both have answered."""
        baseline, candidate = (self.stores[one].answers for one in (Side.BASELINE, Side.CANDIDATE))
        return RunProgress(
            items=self.items.items, samples=1, baseline=baseline, candidate=candidate, verdicts=self.verdicts
        )

    @property
    def verdicts(self) -> Verdicts | None:
        """A judge's verdicts on both the noise and the pairs; None if items have rules of their own."""
        assert self.items.plan is not None
        if self.items.plan.judge is None:
            return None
        return self.stores[Side.BASELINE].verdicts | self.stores[Side.CANDIDATE].verdicts

    def _plan(self) -> QualityPlan:
        assert self.items.plan is not None
        return QualityPlan(
            items=len(self.items.items),
            margin=self.margin,
            min_items=self.items.plan.min_items,
            chance=self.items.plan.chance,
            judged=self.items.plan.judge is not None,
        )


async def model_of(access: PodAccess, side: RunSide) -> str | None:
    """Return its model's name in requests; None if no pod reports it."""
    if side.model:
        return side.model
    for pod in side.pods:
        page = await access.models(pod, side.kind)
        if page is not None and (name := replies.model_name(page)) is not None:
            return name
    return None


def begins(item_set: ItemSet) -> GateVerdict:
    """No answer is kept yet, or none was read since a restart."""
    items = len(item_set.items)
    message = f"{items} items still to be answered: the evaluation begins, or goes on after a restart"
    return GateVerdict(verdict=Verdict.UNDECIDED, reason=GateReason.NOT_FINISHED, message=message, missing=items)


def waits(item_set: ItemSet) -> GateVerdict:
    """Its turn has not come."""
    items = len(item_set.items)
    message = (
        f"{items} items still to be answered: it waits until another evaluation ends, since at most "
        f"{MAX_RUNS_OF_NAMESPACE} run at once in a namespace, and {MAX_RUNS} in the cluster"
    )
    return GateVerdict(verdict=Verdict.UNDECIDED, reason=GateReason.NOT_FINISHED, message=message, missing=items)


def without_items(key: ObjectKey, items: ItemSet | None) -> GateVerdict:
    """The items are missing, are being read, or are wrong."""
    if items is None:
        words = (
            f"there is no Evaluation {key.name} in namespace {key.namespace}, or it has not been read yet; create it"
        )
        return GateVerdict(verdict=Verdict.ERROR, reason=GateReason.NO_EVALUATION, message=words)
    if items.is_being_read:
        words = f"Evaluation {key.name}: {items.trouble}"[:240]
        return GateVerdict(verdict=Verdict.UNDECIDED, reason=GateReason.NOT_FINISHED, message=words)
    reason = GateReason.BAD_ITEMS if items.problems else GateReason.NO_EVALUATION
    return GateVerdict(verdict=Verdict.ERROR, reason=reason, message=f"Evaluation {key.name}: {items.trouble}"[:240])


def nameless(side: Side) -> GateVerdict:
    """No pod reports the name of its model."""
    return unreachable(f"no pod of the {side} reports its model; check its pods; Fairlead tries again")


def unreachable(message: str) -> GateVerdict:
    """No pod answers, which says nothing about a model."""
    return GateVerdict(verdict=Verdict.ERROR, reason=GateReason.UNREACHABLE, message=message)


def judge_failed(message: str) -> GateVerdict:
    """The judge gives nothing that a verdict could be based on."""
    return GateVerdict(verdict=Verdict.ERROR, reason=GateReason.JUDGE_FAILED, message=message[:240])


def _of_judge(verdict: GateVerdict, bias: PositionBias) -> GateVerdict:
    """Add what is known of the judge."""
    verdict = judge.checked(verdict, bias, judge.OF_SPEC)
    if verdict.reason is GateReason.JUDGE_FAILED:
        return verdict
    return replace(verdict, message=f"{verdict.message[: 237 - len(bias.brief)]}; {bias.brief}")


def _too_few(message: str, missing: int | None) -> GateVerdict:
    return GateVerdict(
        verdict=Verdict.UNDECIDED, reason=GateReason.TOO_FEW_ITEMS, message=message[:240], missing=missing
    )

"""The progress of a run: which answers are missing, and what the existing ones show."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from fairlead.comparing import quality
from fairlead.comparing.item_pairs import ItemPair, PairCounts, ScoredAnswer, counted
from fairlead.comparing.quality import QualityPlan, QualityReport
from fairlead.evaluating import judge
from fairlead.evaluating.items import EvaluationItem
from fairlead.evaluating.journal import JournalLine
from fairlead.evaluating.judge import PositionBias, Verdicts

Answers = Mapping[tuple[str, int], JournalLine]
NOISE_SAMPLE: Final = -1
"""Sample number of the answer that compares the baseline with itself."""


class Side(StrEnum):
    """Which side answers."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"


@dataclass(frozen=True, slots=True)
class WantedAnswer:
    """One request to send."""

    side: Side
    item: EvaluationItem
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnjudgedPair:
    """Two answers that the judge has not compared yet."""

    item: EvaluationItem
    before: JournalLine
    after: JournalLine
    side: Side
    """The side of the second answer; the verdict is kept with it."""

    @property
    def key(self) -> str:
        """The key of its verdict."""
        return judge.key(self.before, self.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgress:
    """The items in order, and both sides' answers so far."""

    items: Sequence[EvaluationItem]
    samples: int
    baseline: Answers
    candidate: Answers
    verdicts: Verdicts | None = None
    """A judge's verdicts; without a judge, each answer is scored by itself."""

    def wanted(self) -> Iterator[WantedAnswer]:
        """Yield the missing answers, item by item, so that both sides answer at the same time."""
        for item in self.items:
            for sample in range(self.samples):
                for side, answers in ((Side.BASELINE, self.baseline), (Side.CANDIDATE, self.candidate)):
                    if (item.digest, sample) not in answers:
                        yield WantedAnswer(side, item, sample)

    def unjudged(self) -> Iterator[UnjudgedPair]:
        """Yield pairs without a verdict yet; none without a judge."""
        for item in self.items:
            for sample in range(self.samples):
                both = [one.get((item.digest, sample)) for one in (self.baseline, self.candidate)]
                yield from _unjudged(item, both, Side.CANDIDATE, self.verdicts)

    def bias(self) -> PositionBias:
        """How often the judge contradicted itself over these pairs."""
        keys = [(item.digest, sample) for item in self.items for sample in range(self.samples)]
        pairs = [
            (self.baseline[one], self.candidate[one]) for one in keys if one in self.baseline and one in self.candidate
        ]
        judged = [
            (before.item, judge.key(before, after)) for before, after in pairs if judge.needs_judge(before, after)
        ]
        verdicts = self.verdicts or {}
        found = [(item, verdicts[key]) for item, key in judged if key in verdicts]
        first = next((item for item, one in found if one.is_unreadable), "")
        return replace(judge.bias(one for _, one in found), item=first)

    def report(self, plan: QualityPlan) -> QualityReport:
        """The verdict so far."""
        return quality.report(list(self.pairs()), plan)

    def decided_early(self, plan: QualityPlan) -> bool:
        """Whether nothing more needs to be sent."""
        return quality.decided_early(list(self.pairs()), plan)

    def pairs(self) -> Iterator[ItemPair]:
        """Yield items that both sides have answered; several samples of one item form a cluster."""
        for item in self.items:
            for sample in range(self.samples):
                before = self.baseline.get((item.digest, sample))
                after = self.candidate.get((item.digest, sample))
                both = _scored(before, after, self.verdicts)
                if both is not None:
                    yield ItemPair(
                        item=item.name if self.samples == 1 else f"{item.name}/{sample}",
                        baseline=both[0],
                        candidate=both[1],
                        cluster=item.cluster or (item.name if self.samples > 1 else ""),
                        tags=item.slices,
                    )


def wanted_noise(items: Sequence[EvaluationItem], baseline: Answers) -> Iterator[WantedAnswer]:
    """Yield the baseline's missing answers, two to each of these items."""
    for item in items:
        for sample in (0, NOISE_SAMPLE):
            if (item.digest, sample) not in baseline:
                yield WantedAnswer(Side.BASELINE, item, sample)


def unjudged_noise(
    items: Iterable[EvaluationItem], baseline: Answers, verdicts: Verdicts | None
) -> Iterator[UnjudgedPair]:
    """Yield pairs of the baseline's answers without a verdict."""
    for item in items:
        both = [baseline.get((item.digest, sample)) for sample in (0, NOISE_SAMPLE)]
        yield from _unjudged(item, both, Side.BASELINE, verdicts)


def noise(items: Iterable[EvaluationItem], baseline: Answers, verdicts: Verdicts | None = None) -> PairCounts:
    """Compare the baseline with itself."""
    pairs = []
    for item in items:
        first, again = (baseline.get((item.digest, sample)) for sample in (0, NOISE_SAMPLE))
        both = _scored(first, again, verdicts)
        if both is not None:
            pairs.append(ItemPair(item=item.name, baseline=both[0], candidate=both[1]))
    return counted(pairs)


def _scored(
    before: JournalLine | None, after: JournalLine | None, verdicts: Verdicts | None
) -> tuple[ScoredAnswer, ScoredAnswer] | None:
    if before is None or after is None:
        return None
    return (before.answer, after.answer) if verdicts is None else judge.scored(before, after, verdicts)


def _unjudged(
    item: EvaluationItem, both: Sequence[JournalLine | None], side: Side, verdicts: Verdicts | None
) -> Iterator[UnjudgedPair]:
    before, after = both
    if verdicts is None or before is None or after is None or judge.scored(before, after, verdicts) is not None:
        return
    yield UnjudgedPair(item=item, before=before, after=after, side=side)

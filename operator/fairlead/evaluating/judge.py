"""A model as the judge of two answers: asked in both orders, and heard only where both say the same.

A judge that prefers whatever stands first, or second, contradicts itself when the order is turned round. Such a pair is
a tie, and how often that happens is shown.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from fairlead.comparing import binomial
from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.evaluating.items import EvaluationItem, digest_of
from fairlead.evaluating.journal import SHOWN_CHARACTERS, JournalLine
from fairlead.fleet.desired_state import SecretKey

INSTRUCTIONS: Final = (
    "Say which of two answers serves the person who asked better: correct, complete, no longer than needed. Order "
    "does not count. Give reasons in three sentences at most, then a last line: VERDICT: A, VERDICT: B or VERDICT: TIE."
)
MOST_SILENT: Final = 0.1
"""Of its pairs, without a verdict in one order or both."""
UNLIKE_TOSSES: Final = 0.01
"""A coin for each order says the same position of half of the pairs. What follows the position more often than a coin
would with this chance tells nothing of the answers."""
_VERDICT: Final = re.compile(r"verdict\W{0,8}(tie|a|b)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """Which model it is, and what it is told."""

    url: str
    model: str
    instructions: str = INSTRUCTIONS
    key: SecretKey | None = None
    """Where its key is; its value is never kept."""

    @property
    def digest(self) -> str:
        """Another one: its verdicts are other ones."""
        return digest_of([self.url, self.model, self.instructions])


class Preference(StrEnum):
    """What a judge says of one pair in one order."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    UNREADABLE = "unreadable"
    """It gave no verdict in the form that it was told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """What it said in both orders."""

    plain: Preference
    """With the baseline's answer first."""
    turned: Preference
    """With the candidate's answer first."""

    @property
    def baseline_wins(self) -> bool:
        """Both orders say so."""
        return (self.plain, self.turned) == (Preference.FIRST, Preference.SECOND)

    @property
    def candidate_wins(self) -> bool:
        """Both orders say so."""
        return (self.plain, self.turned) == (Preference.SECOND, Preference.FIRST)


ALIKE: Final = PairVerdict(plain=Preference.TIE, turned=Preference.TIE)
"""Of two answers with the same words, of which nobody is asked."""
Verdicts = Mapping[str, PairVerdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBias:
    """How a judge contradicted itself."""

    pairs: int
    """That it was asked."""
    first: int
    """In which whatever stood first was better, in both orders."""
    second: int
    unreadable: int

    @property
    def followed(self) -> int:
        """In which the verdict was the position's."""
        return self.first + self.second

    @property
    def brief(self) -> str:
        """For people, beside a verdict."""
        if not self.pairs:
            return "the judge was asked nothing: no pair differed"
        silent = f", {self.unreadable} without a verdict" if self.unreadable else ""
        share = self.followed / self.pairs
        return f"the judge followed the position in {self.followed} of {self.pairs} pairs ({share:.0%}){silent}"

    @property
    def trouble(self) -> str:
        """Why its ties say nothing of the answers; empty: they do."""
        if self.unreadable > max(1, MOST_SILENT * self.pairs):
            return (
                f"the judge gave no verdict in {self.unreadable} of {self.pairs} pairs; its replies must "
                "end with VERDICT: A, B or TIE: correct spec.scorer.judge.instructions, or name another model"
            )
        if binomial.at_least(self.followed, self.pairs, 0.5) <= UNLIKE_TOSSES:
            return (
                f"the judge followed the position in {self.followed} of {self.pairs} pairs, more often than a coin "
                "would: it does not read the answers; name another model in spec.scorer.judge"
            )
        return ""

    @property
    def words(self) -> str:
        """For people."""
        if not self.pairs:
            return "no pair differed"
        parts = f"{self.first} for whatever stood first, {self.second} for whatever stood second"
        silent = f", {self.unreadable} without a verdict" if self.unreadable else ""
        return f"{self.pairs} pairs in both orders: {parts}{silent}; each such pair is a tie"


def key(before: JournalLine, after: JournalLine) -> str:
    """By which a pair's verdict is kept: another answer is another pair."""
    return digest_of([before.digest, _shown(before), _shown(after)])


def needs_judge(before: JournalLine, after: JournalLine) -> bool:
    """Not where one failed, nor where both say the same."""
    return not before.answer.error and not after.answer.error and _shown(before) != _shown(after)


def questions(item: EvaluationItem, before: JournalLine, after: JournalLine, instructions: str) -> list[EvaluationItem]:
    """What it is asked: the baseline's answer first, then the candidate's."""
    texts = (_shown(before), _shown(after))
    return [_question(item, one, instructions) for one in (texts, texts[::-1])]


def preference(text: str) -> Preference:
    """The last verdict of a reply."""
    found = _VERDICT.findall(text)
    if not found:
        return Preference.UNREADABLE
    return {"a": Preference.FIRST, "b": Preference.SECOND, "tie": Preference.TIE}[found[-1].lower()]


def scored(before: JournalLine, after: JournalLine, verdicts: Verdicts) -> tuple[ScoredAnswer, ScoredAnswer] | None:
    """Both answers as the statistics take them: who loses is wrong, of a tie neither; None where it was not asked."""
    verdict = verdicts.get(key(before, after)) if needs_judge(before, after) else ALIKE
    if verdict is None:
        return None
    first = replace(before.answer, right=not verdict.candidate_wins and not before.answer.error)
    second = replace(after.answer, right=not verdict.baseline_wins and not after.answer.error)
    return first, second


def bias(verdicts: Iterable[PairVerdict]) -> PositionBias:
    """Over all pairs."""
    some = list(verdicts)
    return PositionBias(
        pairs=len(some),
        first=sum(one.plain is one.turned is Preference.FIRST for one in some),
        second=sum(one.plain is one.turned is Preference.SECOND for one in some),
        unreadable=sum(Preference.UNREADABLE in (one.plain, one.turned) for one in some),
    )


def _shown(line: JournalLine) -> str:
    """As much as a journal keeps, so that a restart asks of the same pair."""
    return line.text[:SHOWN_CHARACTERS]


def _question(item: EvaluationItem, texts: tuple[str, ...], instructions: str) -> EvaluationItem:
    question = "\n".join(f"{one.get('role')}: {one.get('content')}" for one in item.messages)
    reference = f"\n\n[Reference answer]\n{item.reference}" if item.reference else ""
    content = f"[Question]\n{question}{reference}\n\n[Answer A]\n{texts[0]}\n\n[Answer B]\n{texts[1]}"
    messages = ({"role": "system", "content": instructions}, {"role": "user", "content": content})
    return EvaluationItem(name=item.name, messages=messages, rules=(), digest=digest_of(messages))

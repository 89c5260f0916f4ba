"""A model as the judge of two answers, in both orders; a preference counts only if both orders agree.

A judge that prefers the first or the second position contradicts itself when the order is reversed. Such a pair is a
tie, and the report shows how often that happens.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, NamedTuple

from fairlead.comparing import binomial
from fairlead.comparing.item_pairs import ScoredAnswer
from fairlead.evaluating.items import EvaluationItem, digest_of
from fairlead.evaluating.journal import SHOWN_CHARACTERS, JournalLine
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gate_verdicts import GateReason, GateVerdict, Verdict

INSTRUCTIONS: Final = (
    "Say which of two answers serves the person who asked better: correct, complete, no longer than needed. Order "
    "does not count. Give reasons in three sentences at most, then a last line: VERDICT: A, VERDICT: B or VERDICT: TIE."
)
MAX_SILENT: Final = 0.1
"""Most pairs, as a share, without a verdict in one order or both."""
UNLIKE_TOSSES: Final = 0.01
"""With a coin toss for each order, half of the pairs get the same position twice. A judge that follows the position
more often than a coin would with this probability says nothing about the answers."""
_AROUND: Final = r"(?:(?:the )?answer[\W_]{1,4}|(?:it(?:'s| is) )?a \**(?=tie))?"
"""Words that judges write beside what is wanted: `VERDICT: Answer B`, and `a tie`, which is not A."""
_VERDICT: Final = re.compile(rf"verdict[\W_]{{0,8}}{_AROUND}(tied?|a|b)(?![a-z])", re.IGNORECASE)


class JudgeFields(NamedTuple):
    """Where a user sets what a message says to correct."""

    model: str
    instructions: str


OF_SPEC: Final = JudgeFields("spec.scorer.judge.model", "spec.scorer.judge.instructions")
OF_COMMAND: Final = JudgeFields("--judge-model", "--judge-instructions")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeSettings:
    """The model that judges, and its instructions."""

    url: str
    model: str
    instructions: str = INSTRUCTIONS
    key: SecretKey | None = None
    """Reference to its key; the value is never kept."""

    @property
    def digest(self) -> str:
        """Identifies the judge: with another digest, kept verdicts do not apply."""
        return digest_of([self.url, self.model, self.instructions])


class Preference(StrEnum):
    """The judge's preference in one pair and one order."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    UNREADABLE = "unreadable"
    """No verdict in the requested form, or the pair was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairVerdict:
    """The preferences in both orders."""

    plain: Preference
    """With the baseline's answer first."""
    turned: Preference
    """With the candidate's answer first."""

    @property
    def baseline_wins(self) -> bool:
        """Both orders prefer it."""
        return (self.plain, self.turned) == (Preference.FIRST, Preference.SECOND)

    @property
    def candidate_wins(self) -> bool:
        """Both orders prefer it."""
        return (self.plain, self.turned) == (Preference.SECOND, Preference.FIRST)

    @property
    def is_unreadable(self) -> bool:
        """Whether one order has no verdict, or neither has."""
        return Preference.UNREADABLE in (self.plain, self.turned)


ALIKE: Final = PairVerdict(plain=Preference.TIE, turned=Preference.TIE)
"""For two answers with the same words, which are not sent to the judge."""
Verdicts = Mapping[str, PairVerdict]


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBias:
    """How often a judge contradicted itself."""

    pairs: int
    """Judged pairs."""
    first: int
    """Pairs in which it preferred the first position in both orders."""
    second: int
    unreadable: int
    item: str = ""
    """The first item without a verdict."""

    @property
    def followed(self) -> int:
        """Pairs in which it followed the position."""
        return self.first + self.second

    @property
    def brief(self) -> str:
        """A short text beside a verdict."""
        if not self.pairs:
            return "the judge was not asked: no pair differed"
        share = self.followed / self.pairs
        return f"the judge followed the position in {self.followed} of {self.pairs} pairs ({share:.0%}){self._silent}"

    def trouble(self, fields: JudgeFields) -> str:
        """Why its ties say nothing about the answers, and what to do; empty if they do."""
        if self.unreadable > max(1, MAX_SILENT * self.pairs):
            return (
                f"the judge gave no verdict in {self.unreadable} of {self.pairs} pairs{self._first}; its replies must "
                f"end with VERDICT: A, B or TIE: correct {fields.instructions}, or name another model in {fields.model}"
            )
        if binomial.at_least(self.followed, self.pairs, 0.5) <= UNLIKE_TOSSES:
            return (
                f"the judge followed the position in {self.followed} of {self.pairs} pairs, more often than "
                f"by chance: it does not read the answers; name another model in {fields.model}"
            )
        return ""

    @property
    def words(self) -> str:
        """Format as text."""
        if not self.pairs:
            return "no pair differed"
        parts = f"{self.first} for the first answer, {self.second} for the second answer"
        return f"{self.pairs} pairs in both orders: {parts}{self._silent}; each such pair is a tie"

    @property
    def _silent(self) -> str:
        return f", {self.unreadable} without a verdict{self._first}" if self.unreadable else ""

    @property
    def _first(self) -> str:
        return f" (first: item {self.item[:30]})" if self.item else ""


def key(before: JournalLine, after: JournalLine) -> str:
    """The key of a pair's verdict: with another answer it is another pair."""
    return digest_of([before.digest, _shown(before), _shown(after)])


def needs_judge(before: JournalLine, after: JournalLine) -> bool:
    """False if one answer failed or both have the same words."""
    return not before.answer.error and not after.answer.error and _shown(before) != _shown(after)


def questions(item: EvaluationItem, before: JournalLine, after: JournalLine, instructions: str) -> list[EvaluationItem]:
    """The questions to the judge: the baseline's answer first, then the candidate's."""
    texts = (_shown(before), _shown(after))
    return [_question(item, one, instructions) for one in (texts, texts[::-1])]


def control(instructions: str) -> EvaluationItem:
    """A short question: a judge that answers it refuses only the pair that it refused before."""
    short = EvaluationItem(name="control", messages=({"role": "user", "content": "Is 3 odd?"},), rules=(), digest="")
    return _question(short, ("Yes.", "It is odd."), instructions)


def preference(text: str) -> Preference:
    """The last verdict in a reply."""
    found = _VERDICT.findall(text)
    if not found:
        return Preference.UNREADABLE
    return {"a": Preference.FIRST, "b": Preference.SECOND, "t": Preference.TIE}[found[-1][0].lower()]


def scored(before: JournalLine, after: JournalLine, verdicts: Verdicts) -> tuple[ScoredAnswer, ScoredAnswer] | None:
    """Both answers as statistics use them: the loser is wrong, in a tie neither is; None if not judged yet."""
    verdict = verdicts.get(key(before, after)) if needs_judge(before, after) else ALIKE
    if verdict is None:
        return None
    first = replace(before.answer, right=not verdict.candidate_wins and not before.answer.error)
    second = replace(after.answer, right=not verdict.baseline_wins and not after.answer.error)
    return first, second


def bias(verdicts: Iterable[PairVerdict]) -> PositionBias:
    """Count over all pairs."""
    some = list(verdicts)
    return PositionBias(
        pairs=len(some),
        first=sum(one.plain is one.turned is Preference.FIRST for one in some),
        second=sum(one.plain is one.turned is Preference.SECOND for one in some),
        unreadable=sum(one.is_unreadable for one in some),
    )


def checked(verdict: GateVerdict, bias: PositionBias, fields: JudgeFields) -> GateVerdict:
    """Return the verdict, or the judge's failure: ties count as right, so without its verdicts anything would pass."""
    trouble = bias.trouble(fields) if verdict.verdict is Verdict.PASSED else ""
    if not trouble:
        return verdict
    return replace(verdict, verdict=Verdict.ERROR, reason=GateReason.JUDGE_FAILED, message=trouble)


def _shown(line: JournalLine) -> str:
    """As many characters as a journal keeps, so that after a restart the pair is the same."""
    return line.text[:SHOWN_CHARACTERS]


def _question(item: EvaluationItem, texts: tuple[str, ...], instructions: str) -> EvaluationItem:
    question = "\n".join(f"{one.get('role')}: {one.get('content')}" for one in item.messages)
    reference = f"\n\n[Reference answer]\n{item.reference}" if item.reference else ""
    content = f"[Question]\n{question}{reference}\n\n[Answer A]\n{texts[0]}\n\n[Answer B]\n{texts[1]}"
    messages = ({"role": "system", "content": instructions}, {"role": "user", "content": content})
    return EvaluationItem(name=item.name, messages=messages, rules=(), digest=digest_of(messages))

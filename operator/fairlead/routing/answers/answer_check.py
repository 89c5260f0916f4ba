"""The check of a cascade: decides whether to return a smaller model's answer."""

from collections.abc import Callable
from typing import Final

from fairlead.fleet.model_routes import AnswerCheck, CascadeSettings
from fairlead.routing import linear_patterns
from fairlead.routing.answers import structured_output
from fairlead.routing.answers.answer import Answer, AnswerChoice
from fairlead.routing.answers.check_results import PASSED, AnswerFault, CheckResult, fault
from fairlead.routing.answers.compiled_schemas import CompiledSchemas
from fairlead.routing.answers.wanted_output import WantedOutput

BEGINNING: Final = 400
"""Characters of an answer searched for a refusal."""
REFUSAL_PHRASES: Final = (
    *("i can't help", "i cannot help", "i can't assist", "i cannot assist", "i can't provide", "i cannot provide"),
    *("i can't answer", "i cannot answer", "i can't do that", "i cannot do that", "i'm unable to", "i am unable to"),
    *("i'm not able to", "i am not able to", "i won't be able to", "i'm sorry, but i", "i am sorry, but i"),
    *("as an ai language model", "as a language model", "i don't know", "i do not know", "i don't have access to"),
)
"""Beginnings of refusals in English; a route adds its own words for other languages."""


class CascadeCheck:
    """One route's check, with its pattern compiled once."""

    def __init__(self, settings: CascadeSettings, schemas: CompiledSchemas) -> None:
        self._schemas = schemas
        self._least = settings.min_confidence or 0.0
        self._characters = settings.min_characters or 1
        self._phrases = (*REFUSAL_PHRASES, *(_folded(one) for one in settings.refusal_words))
        self._pattern = linear_patterns.compiled(settings.pattern or "")
        self.kind = settings.check
        self._check = self._checks()[settings.check]

    def check(self, answer: Answer | None, wanted: WantedOutput | None) -> CheckResult:
        """Check whether the answer is good enough to return. Every choice must pass; an empty one never does."""
        if answer is None:
            return fault(AnswerFault.UNREADABLE, "the reply is not from a known API, or is too large")
        for choice in answer:
            result = self._check(choice) if choice.text.strip() or choice.calls else _empty(choice)
            if not result.passed:
                return result
        if self.kind is AnswerCheck.JSON_SCHEMA and wanted is not None:
            return structured_output.checked(answer, wanted, self._schemas)
        return PASSED

    def _checks(self) -> dict[AnswerCheck, Callable[[AnswerChoice], CheckResult]]:
        return {
            AnswerCheck.NOT_EMPTY: lambda _: PASSED,
            AnswerCheck.JSON_SCHEMA: lambda _: PASSED,
            AnswerCheck.NO_REFUSAL: self._no_refusal,
            AnswerCheck.MIN_LENGTH: self._long_enough,
            AnswerCheck.PATTERN: self._has_pattern,
            AnswerCheck.CONFIDENCE: self._confident,
        }

    def _no_refusal(self, choice: AnswerChoice) -> CheckResult:
        beginning = _folded(choice.text[:BEGINNING])
        phrase = next((one for one in self._phrases if one in beginning), None)
        if phrase is None and not choice.refusal:
            return PASSED
        return fault(AnswerFault.REFUSED, f"it refuses: {phrase or choice.refusal}")

    def _long_enough(self, choice: AnswerChoice) -> CheckResult:
        length = len(choice.text.strip())
        if choice.calls or length >= self._characters:
            return PASSED
        return fault(AnswerFault.TOO_SHORT, f"it has {length} characters, at least {self._characters} are needed")

    def _has_pattern(self, choice: AnswerChoice) -> CheckResult:
        if isinstance(self._pattern, str):
            return fault(AnswerFault.PATTERN_REFUSED, self._pattern)
        if choice.calls or self._pattern(choice.text):
            return PASSED
        return fault(AnswerFault.PATTERN, "it does not have the required form")

    def _confident(self, choice: AnswerChoice) -> CheckResult:
        if choice.probability is None:
            return fault(AnswerFault.NO_PROBABILITIES, "the reply has no logprobs, so its confidence is unknown")
        if choice.probability >= self._least:
            return PASSED
        message = f"the mean probability of its tokens is {choice.probability:.2f}, below {self._least:.2f}"
        return fault(AnswerFault.LOW_CONFIDENCE, message)


def _folded(text: str) -> str:
    """Return text in lower case and with a typewriter's apostrophe, as both are written."""
    return text.lower().replace("\u2019", "'")


def _empty(choice: AnswerChoice) -> CheckResult:
    if choice.refusal:
        return fault(AnswerFault.REFUSED, f"it refuses: {choice.refusal}")
    return fault(AnswerFault.EMPTY, "it is empty")

"""What a check says of an answer."""

from enum import StrEnum
from typing import Final

from fairlead.fleet.light_dataclass import light

MESSAGE_CHARACTERS: Final = 240


class AnswerFault(StrEnum):
    """Why an answer does not pass, or was not checked."""

    EMPTY = "empty"
    NOT_JSON = "not_json"
    CUT_SHORT = "cut_short"
    """It ended at its limit of tokens, and what there is of it is invalid."""
    SCHEMA = "schema"
    UNKNOWN_TOOL = "unknown_tool"
    TOOL_ARGUMENTS = "tool_arguments"
    PATTERN = "pattern"
    TOO_SHORT = "too_short"
    REFUSED = "refused"
    LOW_CONFIDENCE = "low_confidence"
    NO_PROBABILITIES = "no_probabilities"
    """Confidence is to be checked, and the reply has no logprobs."""
    UNREADABLE = "unreadable"
    """The reply is not of the API's shape, or larger than what is read."""
    SCHEMA_REFUSED = "schema_refused"
    """The request's schema is not one that a router checks by."""
    TOO_COSTLY = "too_costly"
    """Schema and answer together would take a router too long."""
    PATTERN_REFUSED = "pattern_refused"


UNCHECKED: Final = frozenset(
    {
        AnswerFault.UNREADABLE,
        AnswerFault.SCHEMA_REFUSED,
        AnswerFault.TOO_COSTLY,
        AnswerFault.PATTERN_REFUSED,
    }
)
"""Nothing is said against the answer: it is given as it is, and counted as unchecked."""


@light
class CheckResult:
    """Passed, failed or not checked."""

    fault: AnswerFault | None = None
    message: str = ""
    """For the model that is to answer again: what is wrong, and where."""
    keyword: str = ""
    """Of a schema: the keyword that does not hold, for metrics."""

    @property
    def passed(self) -> bool:
        """Nothing is wrong with the answer."""
        return self.fault is None

    @property
    def failed(self) -> bool:
        """The answer is wrong; neither passed nor unchecked."""
        return self.fault is not None and self.fault not in UNCHECKED


PASSED: Final = CheckResult()


def fault(reason: AnswerFault, message: str, keyword: str = "") -> CheckResult:
    """A result with a message cut to its length."""
    if len(message) > MESSAGE_CHARACTERS:
        message = f"{message[: MESSAGE_CHARACTERS - 3]}..."
    return CheckResult(fault=reason, message=message, keyword=keyword)


def retry_message(result: CheckResult) -> str:
    """What the model is told when it is to answer once more."""
    return f"Your last answer is not valid: {result.message}. Answer again, in full, and only with what was asked for."

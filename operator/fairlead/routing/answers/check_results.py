"""The result of checking an answer."""

from enum import StrEnum
from typing import Final

from fairlead.fleet.light_dataclass import light

MESSAGE_CHARACTERS: Final = 240


class AnswerFault(StrEnum):
    """Why an answer does not pass, or was not checked."""

    EMPTY = "empty"
    NOT_JSON = "not_json"
    CUT_SHORT = "cut_short"
    """It ended at its token limit, and the incomplete text is invalid."""
    SCHEMA = "schema"
    UNKNOWN_TOOL = "unknown_tool"
    TOOL_ARGUMENTS = "tool_arguments"
    PATTERN = "pattern"
    TOO_SHORT = "too_short"
    REFUSED = "refused"
    LOW_CONFIDENCE = "low_confidence"
    NO_PROBABILITIES = "no_probabilities"
    """Confidence is to be checked, but the reply has no logprobs."""
    UNREADABLE = "unreadable"
    """The reply does not have the API's shape, or is larger than what is read."""
    SCHEMA_REFUSED = "schema_refused"
    """A router cannot check by the request's schema."""
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
"""Says nothing against the answer: it is returned as it is, and counted as unchecked."""


@light
class CheckResult:
    """Passed, failed or not checked."""

    fault: AnswerFault | None = None
    message: str = ""
    """For the model that answers again: what is wrong, and where."""
    keyword: str = ""
    """The schema keyword that does not hold, for metrics."""

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with the answer."""
        return self.fault is None

    @property
    def failed(self) -> bool:
        """Whether the answer is wrong; neither passed nor unchecked."""
        return self.fault is not None and self.fault not in UNCHECKED


PASSED: Final = CheckResult()


def fault(reason: AnswerFault, message: str, keyword: str = "") -> CheckResult:
    """Build a result with its message cut to length."""
    if len(message) > MESSAGE_CHARACTERS:
        message = f"{message[: MESSAGE_CHARACTERS - 3]}..."
    return CheckResult(fault=reason, message=message, keyword=keyword)


def retry_message(result: CheckResult) -> str:
    """Return the message to the model that has to answer once more."""
    return f"Your last answer is not valid: {result.message}. Answer again, in full, and only with what was asked for."

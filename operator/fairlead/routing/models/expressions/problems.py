"""Why an expression is refused."""

from dataclasses import dataclass
from enum import StrEnum


class ExpressionFault(StrEnum):
    """What is wrong with an expression."""

    TOO_LONG = "too_long"
    TOO_DEEP = "too_deep"
    NOT_UNDERSTOOD = "not_understood"
    UNKNOWN_NAME = "unknown_name"
    WRONG_TYPE = "wrong_type"
    BAD_PATTERN = "bad_pattern"
    NO_FACT = "no_fact"
    """It always holds, or never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionProblem:
    """A refused expression."""

    fault: ExpressionFault
    column: int
    """Counted from 1."""
    message: str
    """Column, what is there, and what to write."""


class ExpressionError(Exception):
    """Carries a problem from wherever it is found to `compiled`, which returns it."""

    def __init__(self, fault: ExpressionFault, column: int, message: str) -> None:
        super().__init__(message)
        self.problem = ExpressionProblem(fault=fault, column=column, message=f"column {column}: {message}")

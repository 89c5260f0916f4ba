"""What is wrong with a document that cannot be read: one exception and one closed list, for JSON and for YAML."""

from enum import StrEnum


class DocumentFault(StrEnum):
    """Why a document cannot be read."""

    ENCODING = "encoding"
    SYNTAX = "syntax"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"
    NOT_A_NUMBER = "not_a_number"
    """NaN or Infinity, which JSON does not have."""
    HUGE_NUMBER = "huge_number"
    HALF_CHARACTER = "half_character"
    """One half of a pair of UTF-16 code units, which no text can be written with."""
    DUPLICATE_KEY = "duplicate_key"
    CONTROL_CHARACTER = "control_character"
    UNFIT_VALUE = "unfit_value"
    """A YAML value that is none of what its tag, or its form, says it is: a 30th of February."""
    CONTAINS_ITSELF = "contains_itself"


class UnreadableDocument(ValueError):
    """A document that cannot be read: what is wrong, and where if that is known."""

    def __init__(self, fault: DocumentFault, because: str, line: int | None = None, position: int = 0) -> None:
        super().__init__(because if line is None else f"{because}: line {line}")
        self.fault = fault
        self.because = because
        self.line = line
        self.position = position
        """Characters before it."""

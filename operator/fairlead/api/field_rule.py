"""A rule across the fields of one part: one message, and the same check in CEL for the API server and in Python.

The two forms stand side by side, and a test on a real API server requires the same results of both.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from fairlead.api.api_model import ApiModel

P = TypeVar("P", bound=ApiModel)

_NUMBER: Final = re.compile(r" \(\{\w+\}\)")


class FieldErrorReason(StrEnum):
    """What is wrong, in the API server's terms."""

    INVALID = "FieldValueInvalid"
    FORBIDDEN = "FieldValueForbidden"
    REQUIRED = "FieldValueRequired"


@dataclass(frozen=True, kw_only=True)  # no slots: in 3.11 a generic with them cannot be called as Rule[X](…)
class FieldRule(Generic[P]):
    """A condition that must hold within one part."""

    on: type[P]
    field: str
    """The invalid field, as users write it, relative to the part."""
    fault: FieldErrorReason
    cel: str
    holds: Callable[[P], bool]
    because: str
    """A clause may end with ` ({field})`: a number of the same part, whose value is shown in its place."""
    remedy: str

    def reason_for(self, part: P) -> str:
        """The reason, with the numbers of this part."""
        return self.because.format_map(part.model_dump(by_alias=True))

    @property
    def message(self) -> str:
        """The API server's message, without the numbers: its cost estimate treats text built from one as unbounded."""
        return f"{_NUMBER.sub('', self.because)}; {self.remedy}"

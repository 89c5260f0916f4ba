"""Findings of a review about one setting: that it cannot work, or that it works but costs something.

Both are values, since the webhook, the reconcile and the command line report the same findings.
"""

from dataclasses import dataclass
from enum import StrEnum


class FindingReason(StrEnum):
    """Why something is refused or warned of; each room that reviews derives its own closed enum from this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFinding:
    """One setting, what is wrong with it, and what to write instead."""

    field: str
    """The field's path as users write it: `spec.engine.speculation.method`."""
    value: str
    """The field's value, as users wrote it."""
    reason: FindingReason
    because: str
    """One sentence without a full stop: the rule, with its numbers."""
    remedy: str
    """What to do; where a value is at fault, the nearest one that passes."""

    @property
    def sentence(self) -> str:
        """The whole finding, as a condition or a terminal shows it."""
        return f"{self.field}: {self.value}: {self.because}; {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRefusal(SpecFinding):
    """It cannot run, or not as the spec asks; nothing is started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecWarning(SpecFinding):
    """It runs, at a cost that its author should know."""

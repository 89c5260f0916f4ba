"""What is said to a person about a setting: that it cannot work, or that it works but costs something.

Both are values, since admission, the reconcile and the command line say the same thing in three places.
"""

from dataclasses import dataclass
from enum import StrEnum


class FindingReason(StrEnum):
    """Why something is refused or warned of; each room that judges closes its own enum over this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFinding:
    """One setting, what is the matter with it, and what to write instead."""

    field: str
    """The path as users write it: `spec.engine.speculation.method`."""
    value: str
    """What stands there, as users wrote it."""
    reason: FindingReason
    because: str
    """One sentence without a full stop: the rule, with its numbers."""
    remedy: str
    """What to do; where a value is at fault, the nearest one that passes."""

    @property
    def sentence(self) -> str:
        """The whole remark, as a condition or a terminal shows it."""
        return f"{self.field}: {self.value}: {self.because}; {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRefusal(SpecFinding):
    """It cannot run, or not as asked; nothing is started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecWarning(SpecFinding):
    """It runs, and whoever asked should know what it costs."""

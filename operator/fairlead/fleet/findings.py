"""A review's findings about one setting: that it cannot work, or that it works at a cost.

Both are values, since the webhook, the reconcile and the command line report the same findings.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_SHOWN: Final = 8
"""In one condition: a policy with a hundred deployments would fill it. Others show when these are resolved."""


class FindingReason(StrEnum):
    """Why something is refused or warned of; each package that reviews derives its own closed enum from this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecFinding:
    """A setting, what is wrong with it, and what to write instead."""

    field: str
    """The field's path as users write it: `spec.engine.speculation.method`."""
    value: str
    """The field's value, as users wrote it."""
    reason: FindingReason
    because: str
    """One sentence without a full stop: the rule, with its numbers."""
    remedy: str
    """What to do; if a value is wrong, the nearest one that passes."""

    @property
    def sentence(self) -> str:
        """The whole finding, as shown in a condition or a terminal."""
        return f"{self.field}: {self.value}: {self.because}; {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecRefusal(SpecFinding):
    """A setting that cannot run, or not as the spec asks; nothing is started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecWarning(SpecFinding):
    """A setting that runs at a cost that its author should know."""


def shown(sentences: Sequence[str]) -> Iterator[str]:
    """Yield the first findings, and how many more there are."""
    yield from sentences[:MAX_SHOWN]
    if len(sentences) > MAX_SHOWN:
        yield f"and {len(sentences) - MAX_SHOWN} more"

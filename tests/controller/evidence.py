"""What was observed of one field: whether it has an effect, and where."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """The effect of a field."""

    USED = "used"
    REFUSED = "refused"
    CHECKED = "refused where it contradicts"
    WARNED = "warned of"
    IGNORED = "ignored"
    """Accepted silently and without effect: there must be none."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One leaf, and what was observed of it."""

    kind: str
    leaf: str
    outcome: Outcome
    where: str
    """What differs with it, or the message about it."""

"""What was seen of one field: whether anything comes of it, and where."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of a field."""

    USED = "used"
    REFUSED = "refused"
    CHECKED = "refused where it contradicts"
    WARNED = "warned of"
    IGNORED = "ignored"
    """Taken in silence, and nothing comes of it: there must be none."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One leaf, and what was seen of it."""

    kind: str
    leaf: str
    outcome: Outcome
    where: str
    """What differs with it, or what is said of it."""

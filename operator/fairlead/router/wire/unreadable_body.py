"""Why a body is not read: what the router cannot read, it cannot limit."""

from dataclasses import dataclass
from enum import Enum, auto


class BodyFault(Enum):
    """What is wrong with a body that is not read."""

    NO_OBJECT = auto()
    """It is not a JSON object, or one that parsers disagree on."""
    FORM = auto()
    """It is a form whose model cannot be found as engines find it."""
    EXCESS = auto()
    """It would take too long to parse."""


@dataclass(frozen=True, slots=True)
class UnreadableBody:
    """The body cannot be read."""

    why: str
    fault: BodyFault = BodyFault.NO_OBJECT

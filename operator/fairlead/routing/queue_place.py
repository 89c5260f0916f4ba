"""Where a tenant's queue stands in its band, so that it is in one place at a time."""

from enum import Enum, auto
from typing import Final


class QueuePlace(Enum):
    """The place of one queue; all but the first are out of the heap that orders turns."""

    IN_HEAP = auto()
    """It gets its turn; while it is the first and may not have it yet, it holds up the others."""
    ASIDE = auto()
    """It is empty, or others of its band pass it until one of them gets a turn or none is left."""
    PARKED = auto()
    """Its tenant has all in flight that it may have: it returns when one of these requests ends."""
    GIVING_WAY = auto()
    """Its late requests leave turns to other tenants', until its tenant's turn is its own."""


IN_HEAP: Final = QueuePlace.IN_HEAP
ASIDE: Final = QueuePlace.ASIDE
PARKED: Final = QueuePlace.PARKED
GIVING_WAY: Final = QueuePlace.GIVING_WAY

"""Which band of a lane is next: the highest priority that waits, and the lower ones by what they are owed.

Strict priority alone would let a busy band keep lower ones waiting for ever. So every band that waits is owed a small
part of each turn that a higher one gets, in tokens; once it is owed the whole cost of its next request, that goes
first. A band without waiting requests is owed nothing. Under a flood of a higher band a lower one thus still gets
that part of the turns, and a request of cost c in it waits for at most c over that part of other bands' tokens.

This is about turns. Capacity that lower bands never take (`Band.reserved`) is looked after in `lanes`.
"""

from collections.abc import Sequence
from typing import Final

from fairlead.fleet.tenants import Band
from fairlead.routing.fair_queue import FairQueue

OWED: Final = 0.05
"""Part of each turn that goes to a waiting lower band: one twentieth keeps it moving and is hardly felt above."""
MOST_OWED: Final = 0.5
"""Of a turn, to all lower bands together, however many there are."""


class BandQueue(FairQueue):
    """One band of one lane."""

    __slots__ = ("most_waiting", "name", "owed", "rank", "reserved_above")

    def __init__(self, rank: int, band: Band | None, reserved_above: float) -> None:
        super().__init__()
        self.rank = rank
        self.name = band.name if band else ""
        self.most_waiting = band.max_queued if band else None
        self.reserved_above = reserved_above
        """Share of the capacity that this band must leave to higher ones."""
        self.owed = 0.0
        """Tokens."""


class Bands:
    """All bands of one lane, the highest priority first."""

    __slots__ = ("_part", "queues")

    def __init__(self, bands: Sequence[Band]) -> None:
        self.queues: list[BandQueue] = []
        above = 0.0
        for rank, band in enumerate(bands or (None,)):
            self.queues.append(BandQueue(rank, band, above))
            above += band.reserved if band else 0.0
        self._part = min(OWED, MOST_OWED / len(self.queues))

    @property
    def waiting(self) -> int:
        """Of all bands."""
        return sum(queue.waiting for queue in self.queues)

    def turns(self) -> list[BandQueue]:
        """Those that wait, in the order in which they are to be asked: who is owed a turn, then by priority."""
        waiting = [queue for queue in self.queues if queue.waiting]
        return sorted(waiting, key=_owed_none) if len(waiting) > 1 else waiting

    def served(self, queue: BandQueue, cost: int) -> None:
        """It had a turn of this cost: lower ones are owed a part of it, and it is owed that much less."""
        queue.owed = max(queue.owed - cost, 0.0)
        for lower in self.queues[queue.rank + 1 :]:
            lower.owed = lower.owed + cost * self._part if lower.waiting else 0.0


def _owed_none(queue: BandQueue) -> bool:
    """Sorts those first that are owed their next request."""
    line = queue.first()
    return line is None or queue.owed < line.oldest.cost

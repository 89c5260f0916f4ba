"""Which band of a lane is next: the highest priority that waits, or a lower one that is owed enough tokens.

With strict priority alone, a busy band could starve lower ones. So every band with waiting requests is owed a small
part of each turn that a higher one gets, in tokens; once it is owed the whole cost of its next request, that request
goes first. A band without waiting requests is owed nothing. So even when a higher band floods the router, a lower one
gets that part of the turns, and a request of cost c in it waits for at most c over that part of other bands' tokens.

This decides only the order. `lanes` enforces the capacity that lower bands must leave free (`Band.reserved`).
"""

from collections.abc import Sequence
from typing import Final

from fairlead.fleet.tenants import Band
from fairlead.routing.fair_queue import FairQueue
from fairlead.routing.first_token_outlook import FirstTokenOutlook

OWED: Final = 0.05
"""Part of each turn owed to a waiting lower band: one twentieth keeps it moving and costs higher bands little."""
MAX_OWED: Final = 0.5
"""Part of a turn owed to all lower bands together, however many there are."""


class BandQueue(FairQueue):
    """One band of one lane."""

    __slots__ = ("is_capped", "max_waiting", "name", "owed", "rank", "reserved_above")

    def __init__(
        self, rank: int, band: Band | None, reserved_above: float, outlook: FirstTokenOutlook | None = None
    ) -> None:
        super().__init__(outlook)
        self.rank = rank
        self.name = band.name if band else ""
        self.max_waiting = band.max_queued if band else None
        self.reserved_above = reserved_above
        """Share of the capacity that this band must leave to higher ones."""
        self.is_capped = False
        """Whether its next request, when last considered, would have taken what is reserved."""
        self.owed = 0.0
        """Tokens that this band is owed."""


class Bands:
    """All bands of one lane, the highest priority first."""

    __slots__ = ("_part", "queues")

    def __init__(self, bands: Sequence[Band], outlook: FirstTokenOutlook | None = None) -> None:
        self.queues: list[BandQueue] = []
        above = 0.0
        for rank, band in enumerate(bands or (None,)):
            self.queues.append(BandQueue(rank, band, above, outlook))
            above += band.reserved if band else 0.0
        self._part = min(OWED, MAX_OWED / len(self.queues))

    @property
    def waiting(self) -> int:
        """Waiting requests of all bands."""
        return sum(queue.waiting for queue in self.queues)

    def of(self, rank: int) -> BandQueue:
        """Return the band of this rank; the lowest for a tenant that was removed, with its band, while its requests
        are here."""
        return self.queues[min(rank, len(self.queues) - 1)]

    def turns(self) -> list[BandQueue]:
        """Return bands with waiting requests, in order of service: those owed their next request, then by priority."""
        waiting = [queue for queue in self.queues if queue.waiting]
        return sorted(waiting, key=_owed_none) if len(waiting) > 1 else waiting

    def served(self, queue: BandQueue, cost: int) -> None:
        """Account for a turn of this cost: lower bands are owed a part of it, and this band is owed that much less."""
        queue.owed = max(queue.owed - cost, 0.0)
        for lower in self.queues[queue.rank + 1 :]:
            lower.owed = lower.owed + cost * self._part if lower.waiting else 0.0


def _owed_none(queue: BandQueue) -> bool:
    """Sort key: bands that are owed the cost of their next request come first."""
    tenant_queue = queue.head
    return tenant_queue is None or queue.owed < tenant_queue.next.expected_tokens

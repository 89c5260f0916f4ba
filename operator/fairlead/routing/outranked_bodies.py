"""Which waiting bodies make room for another one where all together would be too large.

The same order as for places in the queue, counted in bytes: batch work, then lower bands, then tenants of its own band
that have more bytes for their weight. Otherwise a few large bodies, or batch work that waits for hours, would keep all
others out.
"""

from collections.abc import Iterator, Sequence

from fairlead.routing.band_shares import BandShares
from fairlead.routing.lanes import LaneQueue, LaneScheduler
from fairlead.routing.routing_request import RoutingRequest


class OutrankedBodies:
    """Those that one request may push out."""

    __slots__ = ("_equal", "_lower", "_part")

    def __init__(self, lower: Sequence[BandShares], equal: BandShares, part: float) -> None:
        self._lower = lower
        """The lowest first."""
        self._equal = equal
        """Its own band."""
        self._part = part
        """Bytes of its tenant per unit of weight, with this request."""

    @property
    def bytes(self) -> float:
        """Bytes that pushing out frees at least."""
        return sum(one.bytes for one in self._lower) + self._equal.bytes_beyond(self._part)

    def until_free(self, lacking: int) -> Iterator[RoutingRequest]:
        """Yield one after another, until this many bytes are free; each must have left its queue before the next."""
        for band in (*self._lower, self._equal):
            least = self._part if band is self._equal else 0.0
            while lacking > 0 and (found := band.largest()) is not None and found[0] > least:
                lacking -= found[1].body_bytes
                yield found[1]


def by(request: RoutingRequest, lane: LaneQueue, lanes: LaneScheduler) -> OutrankedBodies:
    """Return the bodies that a request for this lane may push out."""
    equal, below = lanes.shares(lane, request.account.rank), lanes.shares_below(lane, request.account.rank)
    batch = [] if lane is lanes.batch else lanes.shares_below(lanes.batch, -1)
    return OutrankedBodies([*batch, *below], equal, equal.part_of_bytes(request))

"""Another router, as this one knows it: whether it runs, which of its datagrams are new, and what it has in flight."""

from math import inf
from typing import Final

from fairlead.routing.peers.envelope import Envelope, IgnoredReason
from fairlead.routing.peers.recent_reports import RecentReports
from fairlead.routing.peers.reports import EngineReport
from fairlead.routing.peers.shared_engines import PeerLoads
from fairlead.routing.peers.slot_reports import SlotReport

SILENT_SECONDS: Final = 1.5
"""Six missed reports. With the time until the next check, it is forgotten within two seconds."""
WINDOW: Final = 64
"""Datagrams that may overtake one. Of an overtaken one, figures count where no later one has any."""
_WINDOW_BITS: Final = 2**WINDOW - 1
CHALLENGE_SECONDS: Final = 0.1
"""The least time between two challenges, or two proofs, to one peer, whatever is sent in its name."""


class Peer:
    """One other router."""

    __slots__ = (
        "_seen",
        "challenged_at",
        "incarnation",
        "latest_loads",
        "latest_slots",
        "live",
        "loads",
        "nonce",
        "number",
        "proved_at",
        "received_at",
    )

    def __init__(self) -> None:
        self.incarnation: int | None = None
        """That of its process that last answered a challenge."""
        self.number = 0
        """Number of the latest datagram that counted."""
        self._seen = 0
        """Bitmap of the recent ones that counted: the lowest bit is the latest one itself."""
        self.received_at = -inf
        self.live = False
        """Whether it was heard recently."""
        self.loads: PeerLoads = {}
        self.latest_loads: RecentReports[EngineReport] = RecentReports()
        self.latest_slots: RecentReports[SlotReport] = RecentReports()
        self.nonce: int | None = None
        """The number that it has to repeat."""
        self.challenged_at = -inf
        self.proved_at = -inf
        """When this router last answered its challenge."""

    def admit(self, envelope: Envelope) -> IgnoredReason | None:
        """Return why a datagram does not count; None if its process is proved, and it is neither repeated nor old."""
        if envelope.incarnation != self.incarnation:
            return IgnoredReason.UNPROVED
        overtaken_by = self.number - envelope.number
        if overtaken_by < 0:
            self._seen = (self._seen << min(-overtaken_by, WINDOW) | 1) & _WINDOW_BITS
            self.number = envelope.number
        elif overtaken_by >= WINDOW or self._seen >> overtaken_by & 1:
            return IgnoredReason.OLD
        else:
            self._seen |= 1 << overtaken_by
        return None

    def prove(self, envelope: Envelope, nonce: int) -> bool:
        """Return whether it answered its challenge: only with the number that it was sent, and once."""
        if nonce != self.nonce:
            return False
        if envelope.incarnation != self.incarnation:
            # Whatever it sent before the proof no longer counts: it may be a recording.
            self.incarnation, self.number, self._seen = envelope.incarnation, envelope.number, _WINDOW_BITS
            self.latest_loads.clear()
            self.latest_slots.clear()
        self.nonce = None
        return True

    def challenge(self, nonce: int, now: float) -> bool:
        """Return whether to send it this number now, replacing one that it has not answered in time."""
        if now - self.challenged_at < CHALLENGE_SECONDS:
            return False
        self.challenged_at, self.nonce = now, nonce
        return True

    def may_prove(self, now: float) -> bool:
        """Return whether to answer its challenge."""
        if now - self.proved_at < CHALLENGE_SECONDS / 2:
            return False
        self.proved_at = now
        return True

"""The routers of one deployment or gateway as one of them sees the others: bytes in and out, and choices as if by one.

Each reports all it has in flight, and where it sent which prefix, within a few milliseconds. Every peer has an age: a
silent one is forgotten, and counts again with its next report. While a third of the others is heard, a router chooses
as if it were alone; otherwise by the rendezvous hash that all routers agree on.

A datagram counts only once, and only if its sender is listed, has a key, and answered a challenge since it started. No
clock of another machine is read.
"""

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Final

from fairlead.routing import rendezvous
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.peers import own_reports, reports, slot_reports
from fairlead.routing.peers.catch_up import CatchUps
from fairlead.routing.peers.envelope import EVERYBODY, DatagramKind, Envelope, IgnoredReason, PeerKey, PeerKeys
from fairlead.routing.peers.own_reports import OwnReports
from fairlead.routing.peers.peer import SILENT_SECONDS, Peer
from fairlead.routing.peers.report_pace import ReportPace
from fairlead.routing.peers.shared_engines import SharedEngines
from fairlead.routing.peers.shared_slots import SharedSlots

MIN_LIVE: Final = 3
"""One in this many of the other routers must be heard. With halves cut off from each other, one in two loses four
points more of the clairvoyant's hits (bench/peer_faults.py, the first half of the Mooncake trace)."""
REPEAT_SECONDS: Final = 15.0
"""Time until a prefix that is used again is reported again."""
BEAT_SECONDS: Final = 0.25
"""Time between two full reports; changes are reported in between."""
PEERS_A_REPORT: Final = 9
"""A report to more of them counts as more than one."""
FULL_REPORT_BYTES: Final = 1280
"""Reports of this size or larger are sent at most once in 3.3 ms per peer; smaller ones cost in proportion."""
PEERS_A_FULL_REPORT: Final = 1.5
FULL_INDEXING_BLOCKS: Final = 400
"""So many blocks are indexed at most once in 5 ms per peer; fewer cost in proportion."""
MAX_PEERS: Final = 128
CATCH_UP_SECONDS: Final = 0.3
"""Time before the same request is sent to another peer."""
FIRST_SECONDS: Final = 1.0
"""How long a router that starts waits for what its peers know."""
RENEWAL_SECONDS: Final = 180.0
"""Time until a new key is sent with: kubelets write a changed Secret to its files within a minute or two."""
_NUMBER_BYTES: Final = 8
_WHOLE: Final = b"\1"
_HALF: Final = b"\0"


class PeerGroup:
    """One router among its peers."""

    def __init__(self, name: str, incarnation: int, nonces: Callable[[], int], now: float) -> None:
        """`nonces` returns unpredictable 64-bit numbers; `now` is the time of the start."""
        self.keys = PeerKeys()
        """Without any, nothing is sent and nothing counts."""
        self.engines = SharedEngines()
        self.outbox: list[tuple[int, bytes]] = []
        """What to send, and to which receiver; the caller takes it."""
        self.is_caught_up = False
        """Whether a peer sent all it knows, or none did in time."""
        self.is_together = False
        """Whether enough of the other routers are heard to choose like a single router."""
        self._latest: PeerKey | None = None
        self._latest_from = -inf
        self._routers = 1
        self._began = now
        self._me = rendezvous.number(name)
        self._incarnation = incarnation
        self._nonces = nonces
        self._peers: dict[int, Peer] = {}
        self._sent = 0
        self._beat_at = -inf
        self._repeat_at = now + REPEAT_SECONDS
        self._report_pace = ReportPace(now)
        self._index_pace = ReportPace(now)
        self._own = OwnReports(self.engines)
        self._slots = SharedSlots(self.engines)
        self._flushed_at = now
        self._catch_ups = CatchUps(self.engines)
        self._requested_at = -inf
        self._lacks = True
        """Whether it starts, or was cut off, and must catch up with where others sent what."""

    @property
    def listed(self) -> int:
        """Peers that are listed, heard or not."""
        return len(self._peers)

    @property
    def live(self) -> int:
        """Peers that were heard recently."""
        return sum(1 for one in self._peers.values() if one.live)

    def oldest(self, now: float) -> float:
        """Return the longest silence of a live peer, in seconds; 0 without one."""
        return max((now - one.received_at for one in self._peers.values() if one.live), default=0.0)

    # Input of the caller

    def renew(self, keys: Sequence[PeerKey], now: float) -> None:
        """Set the keys in force, newest first. A new one is sent with once every router has had time to read it too."""
        latest = keys[0] if keys else None
        before = self.keys.keys[self.keys.sends_with] if self.keys.keys else None
        if latest != self._latest:
            self._latest, self._latest_from = latest, now + RENEWAL_SECONDS
        sends_with = keys.index(before) if before in keys and now < self._latest_from else 0
        self.keys = PeerKeys(tuple(keys), sends_with)

    def follow(self, tables: dict[str, EndpointTable]) -> None:
        """Share the requests of these tables, by the names of their targets."""
        own_reports.follow(tables.values(), self.engines.tables.values())
        for table in tables.values():
            table.context.together = self.is_together
        self._follow(tables)

    def take(self, names: Iterable[str], routers: int) -> None:
        """Set the routers that are listed, with or without this one, and how many of them are ready."""
        self._routers = routers
        listed = sorted({rendezvous.number(name) for name in names} - {self._me})[:MAX_PEERS]
        for number in self._peers.keys() - set(listed):
            self._forget(number, self._peers.pop(number))
        for number in listed:
            self._peers.setdefault(number, Peer())
        self._judge()

    # Datagrams

    def receive(self, datagram: bytes, now: float) -> IgnoredReason | None:
        """Handle a datagram, or return why it is ignored; answers to it are in the outbox."""
        opened = self.keys.opened(datagram)
        if isinstance(opened, IgnoredReason):
            return opened
        envelope, content = opened
        peer = self._peers.get(envelope.sender)
        if peer is None or envelope.receiver not in (EVERYBODY, self._me):
            return IgnoredReason.NO_PEER
        if envelope.kind == DatagramKind.PROOF:
            return self._prove(envelope, peer, content, now)
        ignored = peer.admit(envelope)
        if envelope.kind == DatagramKind.CHALLENGE:
            return self._answer(envelope.sender, peer, content, now) if ignored is not IgnoredReason.OLD else ignored
        if ignored is IgnoredReason.UNPROVED:
            self._challenge(envelope.sender, peer, now)
        elif ignored is None:
            if not peer.live:
                # The same process as before: this router missed what it learnt meanwhile.
                self._lacks = True
                self._request_blocks(now, envelope.sender)
            self._receive_from(peer, now)
            ignored = self._act(envelope, peer, content)
        return ignored

    def flush(self, now: float) -> None:
        """Report what changed, and periodically everything; forget peers that are silent."""
        self._flushed_at = now
        if self.engines.unindexed and self._index_pace.allows(now):
            self._index_pace.spend(len(self._peers) * min(1.0, self.engines.unindexed / FULL_INDEXING_BLOCKS))
            self.engines.index_learnt()
        beats = now >= self._beat_at
        if beats:
            self._beat_at = now + BEAT_SECONDS
            self._beat(now)
        if not self._peers:
            self._own.clear()
        elif beats or self._report_pace.allows(now):
            self._report(now, beats=beats)

    # Inside

    def _report(self, now: float, *, beats: bool) -> None:
        """Send what changed since the last report, or everything; the larger it is, the later the next one."""
        texts = reports.contents(self._own.loads(beats=beats), self._own.blocks(len(self._peers), now))
        for text in texts or ([reports.EMPTY] if beats else ()):
            self._send(EVERYBODY, DatagramKind.REPORT, text)
        slots = slot_reports.contents(self._slots.own(now, beats=beats))
        for text in slots:
            self._send(EVERYBODY, DatagramKind.SLOTS, text)
        size = sum(map(len, texts)) + sum(map(len, slots))
        for receiver, content in self._catch_ups.next():
            kind = DatagramKind.CAUGHT_UP if content is None else DatagramKind.REPORT
            self._send(receiver, kind, content or b"")
            size = FULL_REPORT_BYTES
        self._own.reported()
        if size:
            full = min(1.0, size / FULL_REPORT_BYTES) / PEERS_A_FULL_REPORT
            self._report_pace.spend(len(self._peers) * max(full, 1 / PEERS_A_REPORT))

    def _send(self, receiver: int, kind: DatagramKind, content: bytes) -> None:
        if not self.keys.keys:
            return
        self._sent += 1
        envelope = Envelope(kind, self._me, receiver, self._incarnation, self._sent)
        self.outbox.append((receiver, self.keys.sealed(envelope, content)))

    def _beat(self, now: float) -> None:
        for number, peer in self._peers.items():
            if peer.live and now - peer.received_at >= SILENT_SECONDS:
                peer.live = False
                self._forget(number, peer)
        self._judge()
        if self.keys.sends_with and now >= self._latest_from:
            self.keys = PeerKeys(self.keys.keys)
        self._follow(self.engines.tables)
        if now >= self._repeat_at:
            self._repeat_at = now + REPEAT_SECONDS
            for table in self.engines.tables.values():
                table.index.share_again()
        if not self.is_caught_up and now - self._began >= FIRST_SECONDS:
            self._caught_up()
        if self._lacks:
            self._request_blocks(now)

    def _follow(self, tables: dict[str, EndpointTable]) -> None:
        if self.engines.follow(tables, [one.loads for one in self._peers.values()], self._flushed_at):
            self._slots.follow(self._flushed_at)

    def _forget(self, number: int, peer: Peer) -> None:
        """Drop what a peer had in flight: from now on, its engines report that."""
        self.engines.forget(peer.loads)
        self._slots.forget(number, self._flushed_at)

    def _receive_from(self, peer: Peer, now: float) -> None:
        peer.received_at = now
        if not peer.live:
            peer.live = True
            self._judge()
            if self._lacks:
                self._request_blocks(now)

    def _judge(self) -> None:
        """Check whether enough of the others are heard."""
        others = self._routers - 1
        together = others > 0 and MIN_LIVE * self.live >= others
        if together == self.is_together:
            return
        self.is_together = together
        self._lacks = self._lacks or not together
        for table in self.engines.tables.values():
            table.context.together = together

    def _challenge(self, sender: int, peer: Peer, now: float) -> None:
        nonce = self._nonces()
        if peer.challenge(nonce, now):
            self._send(sender, DatagramKind.CHALLENGE, nonce.to_bytes(_NUMBER_BYTES, "little"))

    def _answer(self, sender: int, peer: Peer, content: bytes, now: float) -> IgnoredReason | None:
        if not peer.may_prove(now):
            return IgnoredReason.OLD
        self._send(sender, DatagramKind.PROOF, content[:_NUMBER_BYTES])
        return None

    def _prove(self, envelope: Envelope, peer: Peer, content: bytes, now: float) -> IgnoredReason | None:
        before = peer.incarnation
        if not peer.prove(envelope, int.from_bytes(content[:_NUMBER_BYTES], "little")):
            return IgnoredReason.OLD
        if before != peer.incarnation:
            self._forget(envelope.sender, peer)
        self._receive_from(peer, now)
        return None

    def _act(self, envelope: Envelope, peer: Peer, content: bytes) -> IgnoredReason | None:
        match envelope.kind:
            case DatagramKind.REPORT:
                report = reports.read(content)
                if report is None:
                    return IgnoredReason.MALFORMED
                self.engines.take(peer.loads, peer.latest_loads.latest(envelope.number, report.loads))
                for engine, blocks in report.blocks:
                    self.engines.learn(engine, blocks)
            case DatagramKind.SLOTS:
                slots = slot_reports.read(content)
                if slots is None:
                    return IgnoredReason.MALFORMED
                self._slots.take(envelope.sender, peer.latest_slots.latest(envelope.number, slots), peer.received_at)
            case DatagramKind.CATCH_UP if self.is_caught_up:
                self._catch_ups.add(envelope.sender, whole=content == _WHOLE)
            case DatagramKind.CAUGHT_UP:
                self._caught_up()
        return None

    def _request_blocks(self, now: float, returned: int | None = None) -> None:
        """Request all blocks of a live peer, of the one that returned if given; without an answer, another one is
        tried."""
        live = [number for number, one in self._peers.items() if one.live] if returned is None else [returned]
        if live and now - self._requested_at >= CATCH_UP_SECONDS:
            self._requested_at = now
            self._send(live[self._nonces() % len(live)], DatagramKind.CATCH_UP, _HALF if self.is_caught_up else _WHOLE)

    def _caught_up(self) -> None:
        self.engines.index_learnt()
        self.is_caught_up, self._lacks = True, False

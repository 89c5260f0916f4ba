"""Datagrams between routers on virtual time: each router's own group and codec, over arbitrarily faulty links.

Nothing is delivered before it is read: a router's state only matters when it chooses, so events up to then are played
when it does.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from typing import Final

from fairlead.routing import rendezvous
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.peers.envelope import EVERYBODY, PeerKey
from fairlead.routing.peers.peer_group import PeerGroup

_KEY: Final = PeerKey.of(b"of a simulation")
_RETURN_TIME: Final = 0.0005
"""Between a datagram that requires an answer and that answer."""

RECORDED: Final = 10_000

Delays = Callable[[int, int, float], Sequence[float]]
"""The delays of a datagram's copies from one router to another at a time; empty if it is lost."""


def _usual(_sender: int, _receiver: int, _now: float) -> Sequence[float]:
    return (0.0005,)


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLinks:
    """How routers reach each other."""

    flush_s: float = 0.005
    """A router reports once in this many seconds, if there is anything to report."""
    delays: Delays = _usual
    clocks: Callable[[int], float] = lambda _router: 0.0
    """How far each router's clock is ahead."""
    faults: "tuple[RouterFault, ...]" = ()
    """In order of time."""


@dataclass(frozen=True, slots=True)
class RouterFault:
    """A fault of the routers or of their network, at a time."""

    at: float
    act: "Callable[[PeerNetwork], None]"


class PeerNetwork:
    """All routers of one fleet."""

    def __init__(self, links: PeerLinks, tables: list[EndpointTable], fresh: Callable[[int], EndpointTable]) -> None:
        """`fresh` replaces a router's table by an empty one."""
        self.tables = tables
        self._fresh = fresh
        self.now = 0.0
        self.serving = list(range(len(tables)))
        """Routers that clients reach."""
        self._running = list(self.serving)
        self.recorded: deque[tuple[int, bytes]] = deque(maxlen=RECORDED)
        """Receivers and datagrams, as an attacker on the path could record them."""
        self.sent = self.sent_bytes = 0
        self._links = links
        self._starts = 0
        self._flush = 0
        self._faults = list(links.faults)
        self._queue: list[tuple[float, int, int, bytes]] = []
        self._serial = 0
        self._numbers = {rendezvous.number(self._name(place)): place for place in range(len(tables))}
        self.groups = [self._group(place) for place in range(len(tables))]
        self.list_routers()

    def advance(self, now: float) -> None:
        """Play all events until now."""
        while True:
            flush_at = self._flush * self._links.flush_s
            due = min(flush_at, self._queue[0][0] if self._queue else flush_at)
            if self._faults and self._faults[0].at <= due:
                due = self._faults[0].at
            if due > now:
                break
            self.now = due
            if self._faults and self._faults[0].at <= due:
                self._faults.pop(0).act(self)
            elif self._queue and self._queue[0][0] <= due:
                _, _, receiver, datagram = heappop(self._queue)
                self.deliver(receiver, datagram)
            else:
                self._flush += 1
                for place in self._running:
                    self.groups[place].flush(self._clock(place))
                    self._take_out(place, 0.0)
        self.now = now

    def follow(self) -> None:
        """Pass changed engines to all routers."""
        for place, group in enumerate(self.groups):
            group.follow({"": self.tables[place]})

    def list_routers(self) -> None:
        """List every running router at every other one, as ready."""
        names = [self._name(place) for place in self._running]
        for table, group in zip(self.tables, self.groups, strict=True):
            group.follow({"": table})
            table.context.routers = len(names)
            group.take(names, len(names))

    def kill(self, place: int) -> None:
        """End a router at once; clients notice, and the others do once it is no longer listed."""
        self._running.remove(place)
        self.serving = [one for one in self.serving if one != place]

    def restart(self, place: int) -> None:
        """Start another, empty process under this router's name; clients reach it once it is ready."""
        self.tables[place] = self._fresh(place)
        self.groups[place] = self._group(place)
        self._running.append(place)
        self.list_routers()

    def admit(self, place: int) -> None:
        """Let clients reach this router again."""
        self.serving.append(place)

    def deliver(self, receiver: int, datagram: bytes) -> None:
        """Deliver a datagram, whatever its sender."""
        if receiver not in self._running:
            return
        self.groups[receiver].receive(datagram, self._clock(receiver))
        self._take_out(receiver, _RETURN_TIME)

    def _group(self, place: int) -> PeerGroup:
        self._starts += 1
        group = PeerGroup(self._name(place), self._starts, self._nonce, self._clock(place))
        group.renew([_KEY], self._clock(place))
        return group

    def _name(self, place: int) -> str:
        return f"router-{place}"

    def _nonce(self) -> int:
        self._serial += 1
        return rendezvous.mixed(self._serial)

    def _clock(self, place: int) -> float:
        return self.now + self._links.clocks(place)

    def _take_out(self, sender: int, after: float) -> None:
        group = self.groups[sender]
        outbox, group.outbox = group.outbox, []
        for number, datagram in outbox:
            everybody = [one for one in self._numbers.values() if one != sender]
            for receiver in everybody if number == EVERYBODY else [self._numbers[number]]:
                self.sent += 1
                self.sent_bytes += len(datagram)
                self.recorded.append((receiver, datagram))
                for delay in self._links.delays(sender, receiver, self.now):
                    self._serial += 1
                    heappush(self._queue, (self.now + after + delay, self._serial, receiver, datagram))

"""Routers with real tables on a network of their own: datagrams arrive at once unless a link is cut."""

from typing import Final

from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.peers.envelope import EVERYBODY, IgnoredReason, PeerKey
from fairlead.routing.peers.peer_group import PeerGroup
from fairlead.routing.rendezvous import number
from tests.routing import engines

KEY: Final = PeerKey.of(b"k" * 32)
OTHER_KEY: Final = PeerKey.of(b"o" * 32)
PODS: Final = ("e-0", "e-1", "e-2")
STEP: Final = 0.05


class World:
    """Routers a, b, c …, whose clocks differ by a minute each."""

    def __init__(self, *names: str, keys: tuple[PeerKey, ...] = (KEY,), starts: bool = True) -> None:
        self.now = 0.0
        self.names = names
        self.numbers = {number(name): name for name in names}
        self.cut: set[str] = set()
        """Routers that are cut off in both directions."""
        self.apart: set[str] = set()
        """Routers that reach each other, and none of the others."""
        self.recorded: list[tuple[str, bytes]] = []
        self.ignored: list[IgnoredReason] = []
        self.tables: dict[str, EndpointTable] = {}
        self.groups: dict[str, PeerGroup] = {}
        self._nonce = 0
        self._incarnation = 0
        for name in names:
            self.start(name, keys)
        if starts:
            self.live(1.5)

    def start(self, name: str, keys: tuple[PeerKey, ...] = (KEY,)) -> None:
        """Start a new process of this name, without state."""
        self._incarnation += 1
        made = self.tables[name] = engines.table(*PODS, routers=len(self.names))
        group = self.groups[name] = PeerGroup(name, self._incarnation, self._number, self.clock(name))
        group.follow({"": made})
        group.renew(keys, self.clock(name))
        group.take(self.names, len(self.names))

    def clock(self, name: str) -> float:
        return self.now + 60.0 * self.names.index(name)

    def live(self, seconds: float) -> None:
        """Let this much time pass."""
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            for name, group in self.groups.items():
                group.flush(self.clock(name))
                self.carry(name)

    def carry(self, sender: str) -> None:
        """Deliver what it has to send to its receivers."""
        outbox, self.groups[sender].outbox = self.groups[sender].outbox, []
        for receiver, datagram in outbox:
            to = [self.numbers[receiver]] if receiver != EVERYBODY else [one for one in self.names if one != sender]
            for name in to:
                self.recorded.append((name, datagram))
                if not {sender, name} & self.cut and (sender in self.apart) == (name in self.apart):
                    self.deliver(name, datagram)

    def deliver(self, name: str, datagram: bytes) -> IgnoredReason | None:
        """Deliver a datagram, whoever sent it."""
        found = self.groups[name].receive(datagram, self.clock(name))
        if found is not None:
            self.ignored.append(found)
        self.carry(name)
        return found

    def endpoint(self, name: str, pod: str) -> Endpoint:
        return next(one for one in self.tables[name].endpoints if one.pod == pod)

    def loads(self, name: str) -> list[tuple[int, int, int, int]]:
        """In-flight requests of others at each engine, as this router knows them."""
        return [
            (one.peers_inflight, one.peers_prompt, one.peers_load, one.others_load)
            for one in self.tables[name].endpoints
        ]

    def own(self, *names: str) -> list[tuple[int, int, int, int]]:
        """In-flight requests of these routers at each engine."""
        return [
            tuple_of(*(self.endpoint(name, pod) for name in names))
            for pod in (one.pod for one in self.tables[names[0]].endpoints)
        ]

    def _number(self) -> int:
        self._nonce += 1
        return self._nonce * 7919


def tuple_of(*endpoints: Endpoint) -> tuple[int, int, int, int]:
    """The same figures, as their own routers have them."""
    load = sum(one.load for one in endpoints)
    return sum(one.inflight for one in endpoints), sum(one.prompt_load for one in endpoints), load, load

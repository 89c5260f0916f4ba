"""Reports between this router and its peers: their group, on a socket, by this process's clock.

The group decides every few milliseconds whether to report, so that it costs no more than a few hundredths of a core.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from time import monotonic
from typing import Final

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router.observability.snapshot import PeersSnapshot
from fairlead.router.peer_socket import PeerSocket
from fairlead.router.router_context import RouterContext
from fairlead.routing import rendezvous
from fairlead.routing.peers.envelope import EVERYBODY, IgnoredReason, PeerKey
from fairlead.routing.peers.peer_group import BEAT_SECONDS, PeerGroup

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.005
"""Time between two occasions to report."""


class PeerReports:
    """One router among its peers, from its creation until `close`."""

    def __init__(self, context: RouterContext, name: str, host: str, port: int) -> None:
        """Join under `name`, the pod's."""
        self.received = self.sent = 0
        self.ignored = dict.fromkeys(IgnoredReason, 0)
        self.group = PeerGroup(name, secrets.randbits(64), lambda: secrets.randbits(64), monotonic())
        self._context = context
        self._hosts: dict[int, str] = {}
        """Peers' addresses, by the hash of their names."""
        self._peer_hosts: frozenset[str] = frozenset()
        self._socket = PeerSocket(host, port, self._receive)
        self._loop = asyncio.get_running_loop()
        self._handle = self._loop.call_later(FLUSH_SECONDS, self._tick)
        self._name = name
        self._news = False
        self.apply(context.settings.peer_keys)
        self.follow()

    @property
    def port(self) -> int:
        """The port that peers send to; the same on all of them."""
        return self._socket.port

    @property
    def lost(self) -> int:
        """Datagrams that could not be sent at once."""
        return self._socket.lost

    def snapshot(self, now: float) -> PeersSnapshot:
        """Return its figures for a scrape."""
        group = self.group
        counts = {"sent": self.sent, "lost": self.lost, "received": self.received}
        return PeersSnapshot(
            live=group.live,
            silent=group.listed - group.live,
            together=group.is_together,
            age_seconds=group.oldest(now),
            datagrams=counts | {reason.value: count for reason, count in self.ignored.items()},
        )

    @property
    def is_ready(self) -> bool:
        """Whether it has its peers' state, or waited long enough for it; without a key there is nothing to wait for."""
        return self.group.is_caught_up or not self.group.keys.keys

    def apply(self, keys: Iterable[bytes]) -> None:
        """Apply the current keys of the Secret."""
        self.group.renew([PeerKey.of(one) for one in keys], monotonic())

    def follow(self) -> None:
        """Share requests to the current targets and their engines."""
        targets = self._context.targets
        self.group.follow({name: one.dispatcher.table for name, one in targets.items() if one.external is None})

    def take(self, seen: Iterable[DiscoveredEndpoint], routers: int) -> None:
        """Apply the pods of all routers, and how many of them are ready."""
        hosts = {one.pod: one.address.rpartition(":")[0].strip("[]") for one in seen if one.pod != self._name}
        self._hosts = {rendezvous.number(name): host for name, host in hosts.items()}
        self._peer_hosts = frozenset(hosts.values())
        self.group.take(hosts, routers)

    def close(self) -> None:
        """Stop reporting."""
        self._handle.cancel()
        self._socket.close()

    def _receive(self, datagram: bytes, host: str) -> bool:
        ignored = self.group.receive(datagram, monotonic()) if host in self._peer_hosts else IgnoredReason.NO_PEER
        if ignored is not None:
            self.ignored[ignored] += 1
        else:
            self.received += 1
            self._news = True
        if self.group.outbox:
            self._send()
        return ignored is None

    def _tick(self) -> None:
        """Report what happened; an exception ends only this round."""
        group = self.group
        self._handle = self._loop.call_later(FLUSH_SECONDS if group.listed else BEAT_SECONDS, self._tick)
        try:
            self._socket.tick()
            group.flush(monotonic())
            self._send()
            if self._news:
                self._dispatch()
        except Exception:
            log.exception("internal error: a report to peers failed; the next one runs as planned; please report it")

    def _send(self) -> None:
        outbox, self.group.outbox = self.group.outbox, []
        for receiver, datagram in outbox:
            hosts = self._hosts.values() if receiver == EVERYBODY else (self._hosts.get(receiver),)
            for host in hosts:
                if host is not None:
                    self._socket.send(datagram, host)
                    self.sent += 1

    def _dispatch(self) -> None:
        """Dispatch waiting requests: peers' requests may have ended."""
        self._news = False
        for target in self._context.every_target:
            if target.dispatcher.waiting:
                self._context.dispatch(target, monotonic())

"""A router's one UDP socket for its peers; reads a few datagrams at a time, and few forged ones per tick.

Reading stops until the next tick once too many datagrams were useless: a flood then fills the kernel's buffer instead
of this process's time. Lost reports are sent again, and the router works without a peer that sends none.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

from fairlead.routing.peers.envelope import MAX_BYTES

log = logging.getLogger(__name__)

AT_ONCE: Final = 32
"""Datagrams to read before clients and engines get their turn."""
MAX_IGNORED: Final = 32
"""Limit between two ticks: at 200 ticks a second, at most 6,400 forged datagrams a second are examined."""
BUFFER_BYTES: Final = 2**20
"""Requested in both directions; the kernel caps it at its own limit."""

Receiver = Callable[[bytes, str], bool]
"""Takes a datagram and its sender's address; returns whether it was useful."""


class PeerSocket:
    """A socket, open from its creation until `close`."""

    def __init__(self, host: str, port: int, receive: Receiver) -> None:
        self.lost = 0
        """Datagrams that could not be sent at once."""
        self._receive = receive
        self._ignored = 0
        self._reads = True
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        for one in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self._socket.setsockopt(socket.SOL_SOCKET, one, BUFFER_BYTES)
        try:
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self._loop.add_reader(self._socket, self._readable)

    def send(self, datagram: bytes, host: str) -> None:
        """Send a datagram, or lose it."""
        try:
            self._socket.sendto(datagram, (host, self.port))
        except OSError:
            self.lost += 1

    def tick(self) -> None:
        """Resume reading: a tick has passed."""
        self._ignored = 0
        if not self._reads:
            self._reads = True
            self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Stop receiving."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(AT_ONCE):
            try:
                datagram, address = self._socket.recvfrom(MAX_BYTES + 1)
            except OSError:  # nothing more, or a peer's port was closed
                return
            if not self._receive(datagram, address[0]):
                self._ignored += 1
                if self._ignored >= MAX_IGNORED:
                    self._reads = False
                    self._loop.remove_reader(self._socket)
                    return

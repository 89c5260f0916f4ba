"""The one UDP socket of a router for its peers: a few datagrams at a time, and of forged ones few in a while.

Reading stops until the next tick when too much of what came was nothing: a flood fills the kernel's buffer then, not
this process's time. What is lost by that is reported again, and a peer that is not heard is done without.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Final

from fairlead.routing.peers.envelope import MOST_BYTES

log = logging.getLogger(__name__)

AT_ONCE: Final = 32
"""Datagrams that are read before clients and engines have their turn again."""
MOST_IGNORED: Final = 32
"""Between two ticks: at 200 ticks a second, 6,400 forged datagrams a second are looked at, and no more."""
BUFFER_BYTES: Final = 2**20
"""Asked for in both directions; the kernel caps it at its own limit."""

Receiver = Callable[[bytes, str], bool]
"""Takes a datagram and its sender's address; whether it was of use."""


class PeerSocket:
    """Open from its creation until `close`."""

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
        """Send it, or lose it."""
        try:
            self._socket.sendto(datagram, (host, self.port))
        except OSError:
            self.lost += 1

    def tick(self) -> None:
        """A while has passed: read on."""
        self._ignored = 0
        if not self._reads:
            self._reads = True
            self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Receive no more."""
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(AT_ONCE):
            try:
                datagram, address = self._socket.recvfrom(MOST_BYTES + 1)
            except OSError:  # nothing more, or a peer's port was closed
                return
            if not self._receive(datagram, address[0]):
                self._ignored += 1
                if self._ignored >= MOST_IGNORED:
                    self._reads = False
                    self._loop.remove_reader(self._socket)
                    return

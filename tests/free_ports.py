"""Ports and addresses for test servers that no other test process uses.

The ports are below the kernel's ephemeral range, so that none is taken between its choice and its use.

A port obtained from the kernel and released may go to another connection a moment later. So each test process claims a
block of ports for as long as it lives, at whatever address, and no other one, of any lane, chooses from it. The block
also decides which loopback addresses are its own, for servers whose ports are fixed.
"""

import functools
import os
import socket
from typing import Final

FIRST: Final = 12_000
LAST: Final = 29_999
BLOCK: Final = 450
"""Ports of a process. A port is chosen again after so many others: no test holds as many."""
BLOCKS: Final = (LAST + 1 - FIRST) // BLOCK
NETWORK: Final = 64
"""The second number of the first block's addresses."""


class PortBlock:
    """The ports that belong to this process."""

    def __init__(self) -> None:
        self.first, self._claim = _claimed()
        self._chosen = 0

    def free_port(self, host: str) -> int:
        """The next of them that no server uses at this address; connections that ended a moment ago do not count.

        Without that, a fast machine ran out of ports: the kernel keeps those of ended connections for a minute.
        """
        for _ in range(BLOCK):
            port = self.first + self._chosen % BLOCK
            self._chosen += 1
            with socket.socket() as found:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    found.bind((host, port))
                except OSError:
                    continue
                return port
        raise OSError(f"no port of {host} is free from {self.first} to {self.first + BLOCK - 1}")

    def release(self) -> None:
        """Leave the block to other processes."""
        os.close(self._claim)


def _claimed() -> tuple[int, int]:
    """The first port of a block that no process claims, and the claim: a socket's name, which ends with the process."""
    for tried in range(BLOCKS):
        first = FIRST + (os.getpid() + tried) % BLOCKS * BLOCK
        with socket.socket(socket.AF_UNIX) as claim:
            try:
                claim.bind(f"\0fairlead-test-ports-{first}")
            except OSError:
                continue
            return first, claim.detach()
    raise OSError(f"{BLOCKS} test processes have claimed all ports from {FIRST} to {LAST}: end some")


@functools.cache
def _ours() -> PortBlock:
    return PortBlock()


def free_port(host: str) -> int:
    """A port of this process that nothing uses at this address; it is not chosen again before many others."""
    return _ours().free_port(host)


def own_network() -> str:
    """The first two numbers of this process's own loopback addresses."""
    return f"127.{NETWORK + (_ours().first - FIRST) // BLOCK}"

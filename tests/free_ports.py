"""Ports for test servers, below the kernel's ephemeral range: none is taken between its choice and its use.

A port obtained from the kernel and released may go to another connection a moment later. Each process counts up from a
start of its own, so two test processes seldom collide, and never twice.
"""

import itertools
import os
import random
import socket
from typing import Final

FIRST: Final = 12_000
LAST: Final = 29_999
_COUNTED: Final = itertools.count(random.Random(os.getpid()).randrange(LAST - FIRST))  # noqa: S311  # a place to begin


def free_port(host: str) -> int:
    """A free port of this address that was not returned before."""
    for number in itertools.islice(_COUNTED, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST)
        with socket.socket() as found:
            try:
                found.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"no port of {host} is free")

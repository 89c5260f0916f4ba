"""Ports for servers of stories, below those that the kernel deals out: none is taken between its choice and its use.

A port that was asked of the kernel and given back may be dealt to somebody else's connection a moment later. Each
process counts up from a place of its own, so two test processes seldom meet, and never twice.
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
    """A port of this address that nobody listens on, and that was not given before."""
    for number in itertools.islice(_COUNTED, LAST - FIRST):
        port = FIRST + number % (LAST - FIRST)
        with socket.socket() as found:
            try:
                found.bind((host, port))
            except OSError:
                continue
            return port
    raise OSError(f"no port of {host} is free")

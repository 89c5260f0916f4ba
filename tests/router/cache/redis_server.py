"""A real Redis or Valkey in a folder of its own: no persistence, and its own address."""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from house import redis_server
from tests import free_ports
from tests.waiting import eventually

ADDRESS: Final = "127.0.0.25"
HOW: Final = "apt-get install redis-server, or valkey-server"


def program() -> str:
    """The path of the server; on a developer's machine its absence skips the test, in CI it fails it."""
    found = redis_server.found()
    if found is not None:
        return found
    message = f"no {' or '.join(redis_server.PROGRAMS)} on this machine: {HOW}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


class Server:
    """One server, which can be stopped for a while."""

    def __init__(self, folder: Path) -> None:
        self.port = free_ports.free_port(ADDRESS)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://{ADDRESS}:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = (
            "--port",
            str(self.port),
            "--bind",
            ADDRESS,
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            str(self._folder),
        )
        self._process = subprocess.Popen([program(), *options], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        eventually(self._answers, "the server answers", within_s=10)

    def stop(self) -> None:
        """Stop it at once, as when its machine fails."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def signal(self, number: int) -> None:
        """Send it a signal: with SIGSTOP, for instance, it accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            with socket.create_connection((ADDRESS, self.port), timeout=1) as door:
                door.sendall(b"PING\r\n")
                return door.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    server.start()
    try:
        yield server
    finally:
        server.stop()

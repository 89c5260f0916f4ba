"""Reads KV events from the socket that the publisher under test connects to."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import msgpack  # type: ignore[import-untyped]
import zmq

from tests.conformance.endpoint import Endpoint, Json
from tests.conformance.servers import HOST
from tests.waiting import eventually

TOPIC: Final = b"kv-events"
QUIET_MS: Final = 700
"""After this long without a message, no more events of a request are expected."""
KNOCK: Final = 129
"""Tokens that fill a block of any size in use."""


class Reader:
    """The socket that the publisher connects to."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._context = zmq.Context()
        self._socket = self._context.socket(zmq.SUB)
        self._socket.bind(f"tcp://{HOST}:{endpoint.ports['events']}")
        self._socket.setsockopt(zmq.SUBSCRIBE, TOPIC)

    def messages(self, within_ms: int = QUIET_MS) -> list[tuple[int, list[Json], Json]]:
        """Messages since the last call, until no more arrive: number, events, rank."""
        found = []
        while self._socket.poll(within_ms):
            topic, number, payload = self._socket.recv_multipart()
            assert topic == TOPIC
            when, events, rank = msgpack.unpackb(payload)
            assert isinstance(when, float)
            found.append((struct.unpack(">Q", number)[0], events, rank))
        return found

    def events(self, kind: str) -> list[Json]:
        """Events of one kind since the last call."""
        return [event for _, events, _ in self.messages() for event in events if event["type"] == kind]

    def close(self) -> None:
        """Free the port."""
        self._context.destroy(linger=0)


@contextmanager
def connected(endpoint: Endpoint) -> Iterator[Reader]:
    """A reader that the publisher has connected to; the publisher retries now and then."""
    endpoint.owned()
    reader = Reader(endpoint)
    salts = iter(range(1000))

    def received() -> bool:
        endpoint.complete([3] * KNOCK, max_tokens=1, cache_salt=f"knock {next(salts)}")
        return bool(reader.messages(within_ms=100))

    try:
        eventually(received, "the publisher has connected", 20)
        yield reader
    finally:
        reader.close()

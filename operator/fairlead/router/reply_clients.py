"""Where a reply is written: its client, or a substitute for one that has left or must wait."""

from collections.abc import Callable
from typing import Final, Protocol

CLIENT_LEFT: Final = 499
"""The status of a request whose client has disconnected. No client gets it."""
MAX_HELD: Final = 2**20
"""Bytes of an answer that are held, its head included; a larger one goes to its client unchecked."""


class ReplyClient(Protocol):
    """The connection of the client, as its reply sees it."""

    @property
    def write(self) -> Callable[[bytes], None]:
        """Writes bytes."""

    @property
    def paused(self) -> bool:
        """Whether the client is not reading what was written."""

    def answered(self, *, keep: bool) -> None:
        """The reply is complete: read the next request, or close."""

    def break_off(self) -> None:
        """The reply ended incomplete: close without writing another byte."""

    def abort(self) -> None:
        """Close without writing another byte, as if the client had disconnected."""


class DepartedClient:
    """Stands in for a client that has disconnected, while its request goes on for others."""

    paused = False

    def __init__(self) -> None:
        self.write: Callable[[bytes], None] = _dropped

    def answered(self, *, keep: bool) -> None:
        """Do nothing: no further request will come."""

    def break_off(self) -> None:
        """Do nothing: the connection is closed."""

    def abort(self) -> None:
        """Do nothing: the connection is closed."""


class HeldClient:
    """Stands in for a client while its answer is judged: writes are held, then delivered or dropped."""

    __slots__ = ("_pieces", "_size", "_too_large", "client", "paused", "write")

    def __init__(self, client: ReplyClient, too_large: Callable[[], None]) -> None:
        self.client = client
        self.paused = False
        self.write: Callable[[bytes], None] = self._hold
        self._pieces: list[bytes] = []
        self._size = 0
        self._too_large = too_large

    def _hold(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MAX_HELD:
            self._too_large()

    @property
    def data(self) -> bytes:
        """Everything written so far."""
        return b"".join(self._pieces)

    def write_to(self, client: ReplyClient) -> None:
        """Deliver to this substitute of the client what is held."""
        self.client = client

    def answered(self, *, keep: bool) -> None:
        """Pass on to the client: nothing is held any more."""
        self.client.answered(keep=keep)

    def break_off(self) -> None:
        """Close the client's connection."""
        self.client.break_off()

    def abort(self) -> None:
        """Disconnect the client."""
        self.client.abort()


def _dropped(data: bytes) -> None:
    """Discard bytes for a client that has disconnected."""


def both(first: Callable[[bytes], None] | None, second: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Return one reader of a body for two."""
    if first is None:
        return second

    def read(payload: bytes) -> None:
        first(payload)
        second(payload)

    return read

"""Relays a response to a client: its head, its bytes as they arrive, and the usage found in them.

Counts tokens and finds the usage, for accounts and the access log. Never holds bytes back but those of a usage event
that the client did not request.
"""

from typing import TYPE_CHECKING, Final

from fairlead.router.wire import events, frames, heads, problems
from fairlead.router.wire.events import EventScan
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import CHUNKED_LINE, ResponseReader
from fairlead.routing.refusal import TokenUsage

if TYPE_CHECKING:
    from fairlead.router.cache.flights import CacheFlight
    from fairlead.router.client_connection import ClientConnection
    from fairlead.router.wire.surfaces import Surface

KEPT_BYTES: Final = 2**20
"""Limit of a response that is parsed for its usage; a longer one is only passed on."""


class ReplyRelay:
    """Created with the first byte of an engine's response that a client gets."""

    __slots__ = (
        "_chunked",
        "_client",
        "_edits",
        "_pieces",
        "_reader",
        "_size",
        "_surface",
        "bytes_out",
        "flight",
        "keep",
        "scan",
        "status",
    )

    def __init__(self, client: "ClientConnection", surface: "Surface", reader: ResponseReader, *, edits: bool) -> None:
        head = reader.head
        assert head is not None
        self._client = client
        self._surface = surface
        self._reader = reader
        self._edits = edits
        self._pieces: list[bytes] | None = None
        self._size = 0
        self.scan: EventScan | None = None
        self.flight: CacheFlight | None = None
        """Followers in the response cache read the response, too."""
        if head.streams:
            self.scan = EventScan(surface)
        else:
            self._pieces = []
        self._chunked = reader.framing is CHUNKED_LINE
        self.bytes_out = 0
        self.status = head.status
        self.keep = False

    def open(self, data: bytes, extra: bytes, *, keep: bool) -> None:
        """Write the head and the first bytes at once; without a length or chunks the connection's end is the end."""
        head, framing = self._reader.head, self._reader.framing
        assert head is not None
        self.keep = keep and framing != b""
        body = self._passed(data)
        written = heads.client(head, framing, extra, close=not self.keep) + body
        self.bytes_out = len(written)
        self._client.write(written)

    def more(self, data: bytes) -> None:
        """The next bytes. A running stream's are passed on right here: three calls less for each chunk of it."""
        scan, reader = self.scan, self._reader
        if scan is None or reader.done or self.flight is not None:
            data = self._passed(data)
        elif not self._edits:
            scan.take(reader.payload)
        else:
            edited = scan.edited(reader.payload)
            # One whole chunk from which nothing was removed is passed on unchanged.
            if not data or edited is not reader.payload:
                data = b"%x\r\n%b\r\n" % (len(edited), edited) if edited and self._chunked else edited
        if data:
            self.bytes_out += len(data)
            self._client.write(data)

    def _passed(self, data: bytes) -> bytes:
        """The bytes for the client, after they were scanned."""
        scan, payload = self.scan, self._reader.payload
        if scan is None:
            self._keep()
        elif self._edits:
            payload = scan.edited(payload)
            if self._reader.done:
                payload += scan.rest()
        else:
            scan.take(payload)
        if self.flight is not None:
            self.flight.more(payload)
        return self._framed(payload) if self._edits else data

    def _framed(self, payload: bytes) -> bytes:
        """The bytes in the router's own chunks; a response with a length has none."""
        if not self._chunked:
            return payload
        return frames.chunk(payload) + frames.LAST if self._reader.done else frames.chunk(payload)

    def _keep(self) -> None:
        if self._pieces is not None:
            self._size += len(self._reader.payload)
            self._pieces.append(self._reader.payload)
            if self._size > KEPT_BYTES:
                self._pieces = None

    def told(self) -> tuple[TokenUsage | None, str | None]:
        """Usage and finish reason that the response contained."""
        scan = self.scan
        if scan is not None:
            return scan.usage, scan.finish_reason
        if not self._pieces:
            return None, None
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        told = events.answer_summary(self._surface, body)
        return told.usage, told.finish_reason

    def cut(self, problem: Problem) -> bool:
        """End a response so that it is recognizably incomplete. A client that does not read gets no error frame."""
        last = None
        if self.scan is not None and not self._client.paused:
            last = self._reader.cut(problems.frame(problem, self._surface))
        if last is None:
            self._client.abort()
            return False
        self.bytes_out += len(last)
        self._client.write(last)
        return True

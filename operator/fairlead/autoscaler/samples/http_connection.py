"""One HTTP connection to one pod: repeats the same request and collects each whole response.

Independent of schedules and samples. A response is never decompressed, as no request accepts compression.
"""

import asyncio
from typing import Any, Final, Protocol, cast

import httptools

SURPLUS: Final = "it sent more than one response"


class ResponseReceiver(Protocol):
    """Receives the responses of a connection."""

    def answered(self, status: int, page: bytes) -> None:
        """Called with each whole response."""

    def broke(self, connection: "PodHttpConnection", because: str) -> None:
        """Called when the connection is lost; a response that was still expected will not come."""


class PodHttpConnection(asyncio.Protocol):
    """A connection that carries one request after another."""

    __slots__ = (
        *("_keeps", "_largest", "_parser", "_pieces", "_question", "_receiver", "_size", "_surplus", "_whole"),
        *("has_data", "transport"),
    )

    def __init__(self, receiver: ResponseReceiver, question: bytes, largest: int) -> None:
        self._receiver: ResponseReceiver | None = receiver
        self._largest = largest
        self._question = question
        self._parser: Any = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._whole = self._surplus = self._keeps = False
        self.has_data = False
        """Whether any byte of the current response has arrived."""
        self.transport: asyncio.Transport | None = None

    def send_request(self) -> None:
        """Send the request on an open, idle connection."""
        assert self.transport is not None
        if self._parser is None:
            self._parser = httptools.HttpResponseParser(self)
        self._pieces.clear()
        self._size = 0
        self._whole = self._surplus = self.has_data = False
        self.transport.write(self._question)

    def drop(self) -> None:
        """Close without calling the receiver."""
        self._receiver = None
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request as soon as the handshake ends."""
        self.transport = cast("asyncio.Transport", transport)
        if self._receiver is None:
            self.transport.abort()
        else:
            self.send_request()

    def data_received(self, data: bytes) -> None:
        """Take a part of the response, usually all of it."""
        self.has_data = True
        wrong = SURPLUS if self._whole else self._wrong_with(data)
        if wrong is not None:
            self._end(wrong)
        elif self._whole:
            self._done()

    def _wrong_with(self, data: bytes) -> str | None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as problem:
            return f"its response is not HTTP: {problem}"
        if self._size > self._largest:
            return f"its page is larger than {self._largest:,} bytes"
        return SURPLUS if self._surplus else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Called during a response, after one, or while the connection was idle."""
        self.transport = None
        self._end(f"the connection broke ({exc or 'closed by the pod'})")

    def on_body(self, piece: bytes) -> None:
        """Called by the parser with a part of the body."""
        self._size += len(piece)
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Called by the parser at the end of a response; only now is it clear whether the connection stays open."""
        self._surplus = self._whole
        self._whole = True
        self._keeps = self._parser.should_keep_alive()

    def _done(self) -> None:
        receiver = self._receiver
        page = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        if receiver is None:
            return
        status = self._parser.get_status_code()
        if not self._keeps:
            self.drop()
        receiver.answered(status, page)

    def _end(self, because: str) -> None:
        receiver, self._receiver = self._receiver, None
        self._pieces.clear()
        if self.transport is not None:
            self.transport.abort()
        if receiver is not None:
            receiver.broke(self, because)

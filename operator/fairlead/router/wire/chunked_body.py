"""Collects a chunked request body: llhttp reads the framing, and the chunks are counted against the limit.

Engines get the same bytes with a length, so that a retry can send them again.
"""

from typing import Final

import httptools

from fairlead.router.wire.protocol_faults import ProtocolFault
from fairlead.router.wire.request_heads import MalformedRequest

HEAD: Final = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
"""Brings a fresh parser to the start of a chunked body."""
FREE_OVERHEAD: Final = 16 * 2**10
"""Bytes of framing that are always allowed."""
OVERHEAD: Final = 16
"""Beyond that, framing bytes allowed per byte of content: a client that sends single bytes needs 6, and an endless
chunk extension or trailer needs more."""


class ChunkedBody:
    """The body of one request; the parser calls the methods named `on_`."""

    __slots__ = ("_content", "_fed", "_limit", "_parser", "_size", "done", "surplus")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._content = bytearray()
        self._size = 0
        self._fed = 0
        self.done = False
        self.surplus = False
        """Whether more bytes followed the last chunk."""
        self._parser = httptools.HttpRequestParser(self)
        self._parser.feed_data(HEAD)

    @property
    def body(self) -> bytes:
        """The whole body, without framing."""
        return bytes(self._content)

    def feed(self, data: bytes) -> MalformedRequest | None:
        """Feed the next bytes; return why the body is refused, if it is."""
        self._fed += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as problem:
            if not self.done:
                return MalformedRequest(ProtocolFault.BAD_BODY_FRAMING, f"the chunked body cannot be read: {problem}")
        if self._size > self._limit:
            return MalformedRequest(ProtocolFault.BODY_TOO_LARGE, too_large(self._limit))
        if self._fed - self._size > FREE_OVERHEAD + OVERHEAD * self._size:
            return MalformedRequest(
                ProtocolFault.BAD_BODY_FRAMING, "the chunked body is almost entirely framing: send larger chunks"
            )
        return None

    def on_message_begin(self) -> None:
        """Called at the request itself, or at another one after it."""
        self.surplus = self.done

    def on_body(self, part: bytes) -> None:
        """Take content; above the limit it is only counted."""
        self._size += len(part)
        if self._size <= self._limit and not self.done:
            self._content += part

    def on_message_complete(self) -> None:
        """Called when the last chunk and its trailer were read."""
        self.done = True


def too_large(limit: int) -> str:
    """Return the message for a client whose body exceeds the limit."""
    return f"the request's body: over {limit} bytes: more is not read; send a shorter prompt"

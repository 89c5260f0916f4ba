"""Reads responses from an engine's bytes, however they are split: parses the head, follows the body to its exact end.

Chunks are passed on unchanged. A response that ends with its connection gets chunks from the router, so that a client
can distinguish its end from a break; for HTTP/1.0 clients the chunks are removed.
"""

from enum import Enum, auto
from typing import Final

from fairlead.router.wire import frames, response_heads
from fairlead.router.wire.chunked_reply import ChunkedReply
from fairlead.router.wire.head_cache import HeadCache, split_length
from fairlead.router.wire.response_heads import ResponseHead

END: Final = b"\r\n\r\n"
CHUNKED_LINE: Final = b"transfer-encoding: chunked\r\n"


class ReplyFraming(Enum):
    """The framing for the client."""

    AS_IT_CAME = auto()
    PLAIN = auto()
    """Without chunks, for an HTTP/1.0 client."""
    EDITED = auto()
    """`Reply` writes its own chunks from `payload`; `feed` also returns one whole chunk, to be passed on unchanged if
    nothing in it is edited."""


class BodyFraming(Enum):
    """How the end of the body is determined."""

    HEAD = auto()
    """The head is not complete yet."""
    SIZED = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


AS_IT_CAME: Final = ReplyFraming.AS_IT_CAME
EDITED: Final = ReplyFraming.EDITED
HEAD: Final = BodyFraming.HEAD
SIZED: Final = BodyFraming.SIZED
CHUNKED: Final = BodyFraming.CHUNKED


class ResponseReader:
    """The reader of one engine connection."""

    __slots__ = (
        *("_chunking", "_chunks", "_empty", "_head_only", "_heads", "_held", "_kind", "_left", "_out", "bad", "done"),
        *("head", "keep_alive", "length", "payload"),
    )

    def __init__(self, heads: HeadCache) -> None:
        self._heads = heads
        self._chunks = ChunkedReply(heads.sizes)
        self.begin()

    def begin(self, *, head_only: bool = False, framing: ReplyFraming = AS_IT_CAME) -> None:
        """Reset before a request is sent; with `head_only` its response has no body, whatever its head says."""
        self._kind = HEAD
        self._held = b""
        self._left = 0
        self._chunking = False
        """Whether chunks are being followed: checked first, since streams are of this kind."""
        self._empty = False
        self._head_only = head_only
        self._out = framing
        self.head: ResponseHead | None = None
        self.length: int | None = None
        """Length of the whole body, if the head has it."""
        self.payload = b""
        """The content of the last bytes."""
        self.done = False
        self.bad: str | None = None
        """What is wrong with the response; nothing more of it is read."""
        self.keep_alive = False
        """Once it is done: whether another request may be sent on this connection."""

    def feed(self, data: bytes) -> bytes:
        """Feed the next bytes; return those that go to the client now."""
        if self._chunking:
            chunks = self._chunks
            raw = chunks.feed(data)
            self.payload = chunks.payload
            if chunks.over:
                self._chunks_over(chunks)
            if self._out is AS_IT_CAME:
                return raw
            return self.payload if self._out is not EDITED else raw if chunks.alone else b""
        if self.bad is not None or self.done:
            self.payload = b""
            self.keep_alive = False
            return b""
        if self._kind is HEAD:
            return self._heading(data)
        return self._plain(data)

    def _plain(self, data: bytes) -> bytes:
        """Follow bytes without chunks, to a length or to the connection's end."""
        if self._kind is SIZED:
            left = self._left
            self._left = left - len(data)
            if self._left <= 0:
                self.done = True
                if self._left < 0:
                    self.keep_alive = False
                    data = data[:left]
            self.payload = data
            return b"" if self._out is EDITED else data
        self.payload = data
        return data if self._out is ReplyFraming.PLAIN else b"" if self._out is EDITED else frames.chunk(data)

    def _chunks_over(self, chunks: ChunkedReply) -> None:
        self._chunking = False
        self.bad = chunks.bad
        self.done = chunks.done
        if chunks.bad is not None or chunks.surplus:
            self.keep_alive = False

    def _heading(self, data: bytes) -> bytes:
        """Read the head and the bytes after it; interim responses (1xx) are skipped."""
        self.payload = b""
        if self._held:
            data = self._held + data
        while data:
            end = data.find(END) + 4
            if end < 4 or end > response_heads.MAX_BYTES:
                return self._half(data)
            key, length = split_length(data[:end])
            head = self._heads.responses.kept.get(key)
            if head is None or length is None:
                parsed = self._heads.response(key, data[:end])
                if isinstance(parsed, str):
                    self.bad = parsed
                    return b""
                head, length = parsed.head, parsed.length or 0
            data = data[end:]
            if head.status >= 200:
                return self._begun(head, length, data)
        self._held = b""
        return b""

    def _half(self, data: bytes) -> bytes:
        self._held = data
        if len(data) > response_heads.MAX_BYTES:
            self.bad = "no HTTP/1.1 answer: its head has no end"
        elif not (data.startswith(b"HTTP/1.") if len(data) >= 7 else b"HTTP/1.".startswith(data)):
            self.bad = "no HTTP/1.1 answer: its first bytes"
        return b""

    def _begun(self, head: ResponseHead, length: int, rest: bytes) -> bytes:
        self._held = b""
        self.head = head
        self.keep_alive = head.keep_alive
        if head.sized:
            self.length = length
        if self._head_only or head.bodiless or (head.sized and not length):
            self._kind = SIZED
            self._empty = True
            self.done = True
        elif head.chunked:
            self._kind = CHUNKED
            self._chunking = True
            self._chunks.restart()
        else:
            self._kind = SIZED if head.sized else BodyFraming.UNTIL_CLOSE
            self._left = length
        return self.feed(rest) if rest else b""

    @property
    def began(self) -> bool:
        """Whether its head has arrived; a 1xx head does not count."""
        return self.head is not None

    @property
    def framing(self) -> bytes:
        """The header line that frames the client's response; empty for one that ends with the connection."""
        if self.head is not None and self.head.bodiless:
            return b""
        if self._out is EDITED and not self._empty:
            return CHUNKED_LINE
        if self.length is not None:
            return b"content-length: %d\r\n" % self.length
        return b"" if self._out is ReplyFraming.PLAIN else CHUNKED_LINE

    def eof(self) -> bytes | None:
        """Handle the engine's close: return the bytes the client still needs; None, with `bad` set, if too early."""
        self.keep_alive = False
        self.payload = b""
        if self.done:
            return b""
        if self._kind is BodyFraming.UNTIL_CLOSE and self.bad is None:
            self.done = True
            return frames.LAST if self._out is AS_IT_CAME else b""
        self.bad = self.bad or ("closed in the middle of the answer" if self.began else "closed before it answered")
        return None

    def truncated(self) -> None:
        """Record that the engine closed before its content was complete."""
        self.bad = "closed before the last event"

    def cut(self, frame: bytes) -> bytes | None:
        """Return a frame and a proper end for a response that broke; None if its framing leaves no room for it."""
        if self._kind is HEAD or self._kind is SIZED:
            return None
        if self._out is ReplyFraming.PLAIN:
            return frame
        if self._out is EDITED or self._kind is BodyFraming.UNTIL_CLOSE:
            return frames.chunk(frame) + frames.LAST
        return self._chunks.cut(frame)

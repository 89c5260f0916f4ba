"""Answers out of an engine's bytes, however they are cut: the head understood, the body followed to its exact end.

Chunks pass as they came. An answer that ends with its connection gets chunks of ours, so that a client can tell its
end from a break; for clients of HTTP/1.0 the chunks are taken off.
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
    """In which framing the client gets it."""

    AS_IT_CAME = auto()
    PLAIN = auto()
    """Without chunks: an HTTP/1.0 client."""
    EDITED = auto()
    """The caller sends chunks of its own, made from `payload`; one whole chunk is answered too, to pass as it came if
    nothing in it is changed."""


class BodyFraming(Enum):
    """How the body's end is known."""

    HEAD = auto()
    """The head is not whole yet."""
    SIZED = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()


AS_IT_CAME: Final = ReplyFraming.AS_IT_CAME
EDITED: Final = ReplyFraming.EDITED
HEAD: Final = BodyFraming.HEAD
SIZED: Final = BodyFraming.SIZED
CHUNKED: Final = BodyFraming.CHUNKED


class ResponseReader:
    """One for each engine connection."""

    __slots__ = (
        *("_chunking", "_chunks", "_empty", "_head_only", "_held", "_kind", "_left", "_memory", "_out"),
        *("bad", "done", "head", "keep_alive", "length", "payload"),
    )

    def __init__(self, memory: HeadCache) -> None:
        self._memory = memory
        self._chunks = ChunkedReply(memory.sizes)
        self.begin()

    def begin(self, *, head_only: bool = False, out: ReplyFraming = AS_IT_CAME) -> None:
        """Before a request is sent; `head_only`: its answer has no body, whatever its head says."""
        self._kind = HEAD
        self._held = b""
        self._left = 0
        self._chunking = False
        """Chunks are being followed: the kind that streams are of, asked for first."""
        self._empty = False
        self._head_only = head_only
        self._out = out
        self.head: ResponseHead | None = None
        self.length: int | None = None
        """Of the whole body, where the head tells it."""
        self.payload = b""
        """The content that the last bytes brought."""
        self.done = False
        self.bad: str | None = None
        """What is wrong with the answer; nothing more of it is read."""
        self.keep_alive = False
        """Once it is done: whether another request may be sent on this connection."""

    def feed(self, data: bytes) -> bytes:
        """What goes on to the client now."""
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
        """Bytes without chunks, to a length or to the connection's end."""
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
        """The head, with whatever stands behind it; interim ones (1xx) are passed over."""
        self.payload = b""
        if self._held:
            data = self._held + data
        while data:
            end = data.find(END) + 4
            if end < 4 or end > response_heads.MOST_BYTES:
                return self._half(data)
            key, length = split_length(data[:end])
            head = self._memory.responses.kept.get(key)
            if head is None or length is None:
                told = self._memory.response(key, data[:end])
                if isinstance(told, str):
                    self.bad = told
                    return b""
                head, length = told.head, told.length or 0
            data = data[end:]
            if head.status >= 200:
                return self._begun(head, length, data)
        self._held = b""
        return b""

    def _half(self, data: bytes) -> bytes:
        self._held = data
        if len(data) > response_heads.MOST_BYTES:
            self.bad = "no HTTP/1.1 answer: its head has no end"
        elif not (data.startswith(b"HTTP/1.") if len(data) >= 7 else b"HTTP/1.".startswith(data)):
            self.bad = "no HTTP/1.1 answer: its first bytes"
        return b""

    def _begun(self, head: ResponseHead, length: int, behind: bytes) -> bytes:
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
        return self.feed(behind) if behind else b""

    @property
    def began(self) -> bool:
        """Its head is there; 1xx are none."""
        return self.head is not None

    @property
    def framing(self) -> bytes:
        """The line that tells the client of an HTTP/1.1 answer's end, empty for one that ends with the connection."""
        if self.head is not None and self.head.bodiless:
            return b""
        if self._out is EDITED and not self._empty:
            return CHUNKED_LINE
        if self.length is not None:
            return b"content-length: %d\r\n" % self.length
        return b"" if self._out is ReplyFraming.PLAIN else CHUNKED_LINE

    def eof(self) -> bytes | None:
        """The engine closed: what is still owed to the client; nothing (and `bad` says why) if it was too early."""
        self.keep_alive = False
        if self.done:
            return b""
        if self._kind is BodyFraming.UNTIL_CLOSE and self.bad is None:
            self.done = True
            return frames.LAST if self._out is AS_IT_CAME else b""
        self.bad = self.bad or ("closed in the middle of the answer" if self.began else "closed before it answered")
        return None

    def cut(self, frame: bytes) -> bytes | None:
        """A last word and a proper end for an answer that broke; nothing if its framing leaves no room for one."""
        if self._kind is HEAD or self._kind is SIZED:
            return None
        if self._out is ReplyFraming.PLAIN:
            return frame
        if self._out is EDITED or self._kind is BodyFraming.UNTIL_CLOSE:
            return frames.chunk(frame) + frames.LAST
        return self._chunks.cut(frame)

"""Keeps the connection of a client that waits for its stream: an early head, and comments until the stream begins.

Proxies and load balancers cut a connection on which nothing is sent for 30 to 60 s. The price is the status: it is 200
before anything is decided, so an error that follows is the stream's last event, and header lines that follow are lost.
"""

import re
from enum import Enum, auto
from typing import Final

import msgspec

from fairlead.router.reply_clients import MAX_HELD, ReplyClient
from fairlead.router.request import Request
from fairlead.router.wire import frames, problems
from fairlead.router.wire.chunked_reply import ChunkedReply
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.surfaces import Surface

HEAD: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"%btransfer-encoding: chunked\r\n\r\n"
)
COMMENT: Final = frames.chunk(b": waiting\n\n")
"""Clients of server-sent events ignore it: a line that begins with a colon."""
STREAMED: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS, Surface.RESPONSES, Surface.MESSAGES})
STARTS: Final = re.compile(rb"HTTP/1\.1 ([0-9]{3})")
EVENTS: Final = re.compile(rb"\r\ncontent-type:[ \t]*text/event-stream", re.IGNORECASE)
CHUNKED: Final = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
SHOWN_BYTES: Final = 1000
"""Of an error that is not JSON."""


class Rest(Enum):
    """How a response continues the stream whose head its client has."""

    OPEN = auto()
    """Nothing of it has come yet."""
    AS_IT_COMES = auto()
    """Events in chunks: passed on unchanged."""
    UNFRAMED = auto()
    """Events without chunks, which are added."""
    WHOLE = auto()
    """No events, such as an error: becomes the last one once it is complete."""


def is_due(request: Request, now: float, seconds: float) -> bool:
    """Whether its client has waited so long, and understands comments: it requested events, and its HTTP has chunks."""
    if now - request.record.arrived < seconds or request.received.head.http10:
        return False
    return request.streams and request.surface in STREAMED


class EarlyStream:
    """Stands in for a client that has the head of a stream, until the rest of it comes."""

    __slots__ = ("_chunks", "_commented_at", "_pieces", "_request", "_rest", "_size", "_status", "client")

    def __init__(self, client: ReplyClient, request: Request, now: float) -> None:
        self.client = client
        self._request = request
        self._rest = Rest.OPEN
        self._status = 200
        self._chunks: ChunkedReply | None = None
        """Removes the chunks of a response that is no stream."""
        self._pieces: list[bytes] = []
        self._size = 0
        self._commented_at = now
        client.write(HEAD % request.reply_headers.lines + COMMENT)

    @property
    def passes(self) -> bool:
        """Whether it passes everything on unchanged, so that its client needs it no more."""
        return self._rest is Rest.AS_IT_COMES

    @property
    def paused(self) -> bool:
        """Whether the client is not reading what was written."""
        return self.client.paused

    def comment(self, now: float, seconds: float) -> None:
        """Write a comment if the last one was so many seconds ago."""
        if now - self._commented_at >= seconds and self._rest is Rest.OPEN and not self.client.paused:
            self._commented_at = now
            self.client.write(COMMENT)

    def write(self, data: bytes, /) -> None:
        """Write bytes of the response; its head, which comes first and whole, says what becomes of the rest."""
        if self._rest is Rest.OPEN:
            head, _, data = data.partition(b"\r\n\r\n")
            self._begin(head)
        if self._rest is Rest.WHOLE:
            self._keep(data if self._chunks is None else self._payload(self._chunks, data))
        elif data:
            self.client.write(data if self.passes else frames.chunk(data))

    def answered(self, *, keep: bool) -> None:
        """End the stream properly, if the response did not."""
        if self._rest is Rest.WHOLE:
            self.client.write(frames.chunk(self._last_event()) + frames.LAST)
        elif self._rest is Rest.UNFRAMED:
            self.client.write(frames.LAST)
        self.client.answered(keep=keep)

    def break_off(self) -> None:
        """Close the client's connection."""
        self.client.break_off()

    def abort(self) -> None:
        """Disconnect the client."""
        self.client.abort()

    def _begin(self, head: bytes) -> None:
        chunked, start = CHUNKED.search(head) is not None, STARTS.match(head)
        self._status = 502 if start is None else int(start.group(1))
        if EVENTS.search(head):
            self._rest = Rest.AS_IT_COMES if chunked else Rest.UNFRAMED
        else:
            self._rest = Rest.WHOLE
            self._chunks = ChunkedReply({}) if chunked else None

    def _payload(self, chunks: ChunkedReply, data: bytes) -> bytes:
        chunks.feed(data)
        return chunks.payload

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= MAX_HELD:
            self._pieces.append(data)

    def _last_event(self) -> bytes:
        """Return what was answered instead of a stream as the stream's last event."""
        body, surface = b"".join(self._pieces), self._request.surface
        if self._status >= 400:
            return problems.frame(_problem(self._status, body), surface)
        return b"".join([b"data: %b\n" % line for line in body.splitlines()]) + b"\n"


def _problem(status: int, body: bytes) -> Problem:
    """Return the error in a response's body, whatever its form."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        found = None
    error = found.get("error", found) if isinstance(found, dict) else None
    if not isinstance(error, dict):
        error = {}
    message, param = error.get("message"), error.get("param")
    return Problem(
        status=status,
        code=str(error.get("code") or error.get("type") or status),
        message=message if isinstance(message, str) else body[:SHOWN_BYTES].decode(errors="replace"),
        param=param if isinstance(param, str) else None,
    )

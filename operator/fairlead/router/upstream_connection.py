"""One connection to an engine: sends a message, reads the response, and passes its bytes to the listener.

Knows nothing of routing or of clients. That the engine closed an idle connection may show only with the next request;
that request is sent again on a new connection, since no engine received it.
"""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol, cast

from fairlead.fleet.light_dataclass import light
from fairlead.router.wire.responses import ReplyFraming, ResponseReader

if TYPE_CHECKING:
    from fairlead.router.wire.head_cache import HeadCache
    from fairlead.routing.endpoint import Endpoint

log = logging.getLogger(__name__)

RACE_SECONDS: Final = 1.0
"""A reused connection that ends this soon after a request, without a byte, was closed before the request arrived."""


@light
class UpstreamMessage:
    """A request as it is sent."""

    parts: tuple[bytes, bytes]
    """Head and body; they are sent together."""
    out: ReplyFraming = ReplyFraming.AS_IT_CAME


JOINED_BYTES: Final = 8 * 2**10
"""Copying as much costs about what a second piece costs the loop (bench/router_cpu: 1 us a short request)."""


class UpstreamListener(Protocol):
    """The sender of a request to an engine."""

    def came(self, upstream: "UpstreamConnection", data: bytes) -> None:
        """A part of the response; its head is in `upstream.reader`."""

    def whole(self, upstream: "UpstreamConnection") -> None:
        """The response is complete; the connection is back in its pool already."""

    def lost(self, upstream: "UpstreamConnection", why: str) -> None:
        """The response broke or never began; `upstream.reached` says whether a connection was made at all."""

    def broke(self) -> None:
        """One of the calls above raised: a bug of the router, which must fail only this request."""


class ConnectionOwner(Protocol):
    """The pool of a connection."""

    endpoint: "Endpoint"
    memory: "HeadCache"

    def connect(self, upstream: "UpstreamConnection") -> None:
        """Open a new connection for the request, because the pooled one was closed before it answered."""

    def give_back(self, upstream: "UpstreamConnection") -> None:
        """Take the connection back: its response is complete, and it can carry another request."""

    def gone(self, upstream: "UpstreamConnection") -> None:
        """Forget the connection: it is closed."""


class UpstreamConnection(asyncio.Protocol):
    """A connection for one request after the other; between two it is in its pool."""

    __slots__ = (
        "_take",
        "connecting",
        "listener",
        "message",
        "pool",
        "reached",
        "reader",
        "received",
        "since",
        "transport",
        "used",
    )

    def __init__(self, pool: ConnectionOwner) -> None:
        self.pool = pool
        self.reader = ResponseReader(pool.memory)
        self.listener: UpstreamListener | None = None
        self.message: UpstreamMessage | None = None
        self.transport: asyncio.Transport | None = None
        self.connecting: asyncio.Task[None] | None = None
        self.since = 0.0
        """When it began to connect, to wait for a response, or to be idle."""
        self.used = False
        """It has carried a response before."""
        self._take: Callable[[bytes], None] | None = None
        """Takes the bytes of a running stream in place of `listener`: one call less for each of its chunks."""
        self.received = False
        """A byte of the current response has arrived."""
        self.reached = False

    def begin(self, listener: UpstreamListener, message: UpstreamMessage, now: float) -> None:
        """Send a head and a body; before the connection is made they are kept for it."""
        self.listener = listener
        self.message = message
        self.since = now
        self.received = False
        self.reader.begin(out=message.out)
        if self.transport is not None:
            self._write(message)

    def _write(self, message: UpstreamMessage) -> None:
        """Write a message; a short body is joined to its head, which costs less than two pieces do."""
        assert self.transport is not None
        head, body = message.parts
        if len(body) < JOINED_BYTES:
            self.transport.write(head + body)
        else:
            self.transport.writelines(message.parts)

    def pass_to(self, take: Callable[[bytes], None]) -> None:
        """Pass the rest of this response to `take`, in place of the listener's `came`."""
        self._take = take

    def abort(self) -> None:
        """Release the engine at once: it cancels the request when the connection closes."""
        self.listener = self.message = self._take = None
        self.close()

    def close(self) -> None:
        """Close without a call to the listener."""
        if self.connecting is not None:
            self.connecting.cancel()
        if self.transport is not None:
            self.transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the message that waits, with the last step of the handshake."""
        self.transport = cast("asyncio.Transport", transport)
        self.reached = True
        if self.message is None:
            self.transport.abort()
        else:
            self.since = monotonic()
            self._write(self.message)

    def data_received(self, data: bytes) -> None:
        """Feed bytes to the reader, and what it passes on to the listener."""
        listener, reader = self.listener, self.reader
        if listener is None:
            self.close()
            return
        self.received = True
        passed = reader.feed(data)
        if reader.bad is not None:
            self._break(f"its answer is broken: {reader.bad}")
            return
        try:
            take = self._take
            if take is not None:
                take(passed)
            else:
                listener.came(self, passed)
            if reader.done and self.listener is listener:
                self._done(listener)
        except Exception:  # a bug of the router fails this request, not the connection's next one nor the loop
            log.exception("an answer of %s met a bug of the router", self.pool.endpoint.address)
            listener.broke()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection ended: during a response, at its end, or while it was idle."""
        self.transport = None
        listener = self.listener
        if listener is None:
            self.pool.gone(self)
        elif self.used and not self.received and monotonic() - self.since < RACE_SECONDS:
            self.used = False
            self.pool.connect(self)
        elif exc is None and self._is_end(listener):
            self._done(listener)
        else:
            self._break(f"the connection broke ({exc or self.reader.bad or 'closed by the engine'})")

    def _is_end(self, listener: UpstreamListener) -> bool:
        """Whether the end of the connection is the end of the response, as with a body without a length."""
        owed = self.reader.eof()
        if owed is None:
            return False
        self.reader.payload = b""
        listener.came(self, owed)
        return self.listener is listener

    def pause_reading(self) -> None:
        """Stop reading: the client accepts no more for now."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self.transport is not None:
            self.transport.resume_reading()

    def unreachable(self, why: str) -> None:
        """The connection could not be made."""
        self._break(f"no connection ({why})")

    def _done(self, listener: UpstreamListener) -> None:
        self.listener = self.message = self._take = None
        self.pool.give_back(self)
        listener.whole(self)

    def _break(self, why: str) -> None:
        listener, self.listener = self.listener, None
        self.message = self._take = None
        self.close()
        self.pool.gone(self)
        if listener is not None:
            listener.lost(self, why)

"""One connection to an engine: sends a message, reads the response, and passes its bytes to the listener.

Knows nothing of routing or clients. That the engine closed an idle connection may show only with the next request,
which is then sent again on a new connection, since no engine received it.
"""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol, cast

from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.wire.responses import ResponseReader

if TYPE_CHECKING:
    from fairlead.router.wire.head_cache import HeadCache
    from fairlead.routing.endpoint import Endpoint

log = logging.getLogger(__name__)

RACE_SECONDS: Final = 1.0
"""A reused connection that ends this soon after a request, without a byte, was closed before the request arrived."""


JOINED_BYTES: Final = 8 * 2**10
"""Copying this much costs the loop about as much as a second piece (bench/router_cpu: 1 us a short request)."""


class UpstreamListener(Protocol):
    """The sender of a request to an engine."""

    def data_received(self, upstream: "UpstreamConnection", data: bytes) -> None:
        """Called with part of the response; its head is in `upstream.reader`."""

    def is_truncated(self, upstream: "UpstreamConnection") -> bool:
        """Return whether a body that ends with its connection is incomplete; only its content can show that."""

    def message_complete(self, upstream: "UpstreamConnection") -> None:
        """Called when the response is complete; the connection is already back in its pool."""

    def connection_lost(self, upstream: "UpstreamConnection", why: str) -> None:
        """Called when the response broke or never began; `upstream.reached` says whether a connection was made."""

    def internal_error(self) -> None:
        """Called when one of the calls above raised: a router bug, which must fail only this request."""


class ConnectionOwner(Protocol):
    """The pool of a connection."""

    @property
    def endpoint(self) -> "Endpoint":
        """The engine."""

    @property
    def heads(self) -> "HeadCache":
        """Heads of responses that were read before."""

    def connect(self, upstream: "UpstreamConnection") -> None:
        """Open a new connection for the request, because the pooled one was closed before it answered."""

    def give_back(self, upstream: "UpstreamConnection") -> None:
        """Take the connection back: its response is complete, and it can carry another request."""

    def gone(self, upstream: "UpstreamConnection") -> None:
        """Forget the connection: it is closed."""


class UpstreamConnection(asyncio.Protocol):
    """A connection for one request at a time; between requests it is in its pool."""

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
        self.reader = ResponseReader(pool.heads)
        self.listener: UpstreamListener | None = None
        self.message: UpstreamMessage | None = None
        self.transport: asyncio.Transport | None = None
        self.connecting: asyncio.Task[None] | None = None
        self.since = 0.0
        """When it began to connect, to wait for a response, or to be idle."""
        self.used = False
        """Whether it has carried a response before."""
        self._take: Callable[[bytes], None] | None = None
        """Takes a running stream's bytes instead of `listener`: one call fewer per chunk."""
        self.received = False
        """Whether a byte of the current response has arrived."""
        self.reached = False

    def connect_by(self, task: asyncio.Task[None], now: float) -> None:
        """Begin to connect: this task establishes the connection."""
        self.connecting = task
        self.since = now
        self.reached = False

    def connect_ended(self) -> None:
        """End to connect: there is a connection, or none comes."""
        self.connecting = None

    def kept(self, now: float) -> None:
        """Wait for the next request: a response is complete."""
        self.used = True
        self.since = now

    def begin(self, listener: UpstreamListener, message: UpstreamMessage, now: float) -> None:
        """Send a head and a body, once the connection is established."""
        self.listener = listener
        self.message = message
        self.since = now
        self.received = False
        self.reader.begin(framing=message.framing)
        if self.transport is not None:
            self._write(message)

    def _write(self, message: UpstreamMessage) -> None:
        """Write a message; a short body is joined to its head, which costs less than two pieces."""
        assert self.transport is not None
        head, body = message.parts
        if len(body) < JOINED_BYTES:
            self.transport.write(head + body)
        else:
            self.transport.writelines(message.parts)

    def pass_to(self, take: Callable[[bytes], None]) -> None:
        """Pass the rest of this response to `take` instead of the listener's `came`."""
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
        """Send the pending message, with the last step of the handshake."""
        self.transport = cast("asyncio.Transport", transport)
        self.reached = True
        if self.message is None:
            self.transport.abort()
        else:
            self.since = monotonic()
            self._write(self.message)

    def data_received(self, data: bytes) -> None:
        """Feed bytes to the reader, and pass its output on to the listener."""
        listener, reader = self.listener, self.reader
        if listener is None:
            self.close()
            return
        if not self.received:
            self.received, self.message = True, None  # it is not sent again, and may be large
        passed = reader.feed(data)
        if reader.bad is not None:
            self._break(f"its answer is broken: {reader.bad}")
            return
        try:
            take = self._take
            if take is not None:
                take(passed)
            else:
                listener.data_received(self, passed)
            if reader.done and self.listener is listener:
                self._done(listener)
        except Exception:  # a router bug fails this request, not the connection's next one nor the loop
            log.exception(
                "internal error, reply of %s; please report it with this traceback", self.pool.endpoint.address
            )
            listener.internal_error()

    def connection_lost(self, exc: Exception | None) -> None:
        """Handle the end of the connection: during a response, at its end, or while it was idle."""
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
        """Whether the connection's end is the response's end, as with a body without a length."""
        owed = self.reader.eof()
        if owed is None:
            return False
        if listener.is_truncated(self):
            self.reader.truncated()
            return False
        listener.data_received(self, owed)
        return self.listener is listener

    def pause_reading(self) -> None:
        """Stop reading: the client accepts no more for now. A complete response stops nothing: its connection is about
        to be reused, and only this client would resume it."""
        if self.transport is not None and not self.reader.done:
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Resume reading."""
        if self.transport is not None:
            self.transport.resume_reading()

    def unreachable(self, why: str) -> None:
        """Fail: the connection could not be established."""
        self._break(f"no connection ({why})")

    def _done(self, listener: UpstreamListener) -> None:
        self.listener = self.message = self._take = None
        self.pool.give_back(self)
        listener.message_complete(self)

    def _break(self, why: str) -> None:
        listener, self.listener = self.listener, None
        self.message = self._take = None
        self.close()
        self.pool.gone(self)
        if listener is not None:
            listener.connection_lost(self, why)

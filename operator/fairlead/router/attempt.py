"""One try at one upstream: sent, answered in pieces, then complete, lost or aborted.

A request's first attempt, a hedge, a token count and a permit request are attempts. An attempt knows its connection and
what arrived on it; its owner decides what follows.
"""

from abc import ABC, abstractmethod
from time import monotonic
from typing import Final, Protocol

from fairlead.engines.http_api import HttpApi
from fairlead.router import engine_errors
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.reply import Reply
from fairlead.router.request import Request
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire.responses import ResponseReader
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.routing_request import RoutingRequest

ENDED_BY_EVENT: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS, Surface.RESPONSES, Surface.MESSAGES})
"""APIs whose streams say that they are complete."""


class Attempt(ABC):
    """Base of all attempts; its connection sees it as an `UpstreamListener`."""

    __slots__ = ("upstream",)
    upstream: UpstreamConnection | None
    """Its connection, from `send` to `abort`; back in the pool once the answer is complete."""

    def send(self, pool: UpstreamPool, message: UpstreamMessage, now: float) -> None:
        """Send the message."""
        self.upstream = pool.send(self, message, now)

    def abort(self) -> None:
        """End the upstream's work for it: no answer is needed any more."""
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.abort()

    @abstractmethod
    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Called with part of the answer."""

    def is_truncated(self, upstream: UpstreamConnection) -> bool:  # noqa: ARG002 - the interface's
        """Whether an answer that ends with its connection is incomplete."""
        return False

    @abstractmethod
    def message_complete(self, upstream: UpstreamConnection) -> None:
        """Called when the answer is complete."""

    @abstractmethod
    def connection_lost(self, upstream: UpstreamConnection, why: str) -> None:
        """Called when the answer broke or never began."""

    @abstractmethod
    def internal_error(self) -> None:
        """Called on a router bug."""


class AttemptOwner(Protocol):
    """The request that attempts are made for."""

    @property
    def request(self) -> Request:
        """The request itself."""

    def attempt_replied(
        self, attempt: "EngineAttempt", reader: ResponseReader, data: bytes, now: float
    ) -> Reply | None:
        """Called with a good response's first bytes; returns where to pass them, or None if the attempt is dropped."""

    def attempt_errored(self, attempt: "EngineAttempt", now: float) -> None:
        """Called with the first bytes of an error, which the attempt reads whole."""

    def attempt_first_token(self, attempt: "EngineAttempt", now: float) -> None:
        """Called at the first token of a stream."""

    def attempt_complete(self, attempt: "EngineAttempt") -> None:
        """Called when the response is complete; it is an error if `attempt.error` is set."""

    def attempt_lost(self, attempt: "EngineAttempt", why: str) -> None:
        """Called when the response broke or never began."""

    def attempt_internal_error(self, attempt: "EngineAttempt") -> None:
        """Called on a router bug."""


class EngineAttempt(Attempt):
    """One try of a request at one engine."""

    __slots__ = ("_owner", "_reply", "api", "error", "routing", "started")

    def __init__(self, owner: AttemptOwner, routing: RoutingRequest, api: HttpApi) -> None:
        self.upstream = None
        self.api = api
        """Its engine's, by kind."""
        self.routing = routing
        """What its endpoint is charged; a hedge has its own."""
        self.error: EngineErrorReply | None = None
        """The engine's response, if it is an error."""
        self.started = False
        """Whether its first token has arrived."""
        self._owner = owner
        self._reply: Reply | None = None

    @property
    def endpoint(self) -> Endpoint:
        """The engine."""
        assert self.upstream is not None
        return self.upstream.pool.endpoint

    @property
    def reached(self) -> bool:
        """Whether a connection was established at all."""
        return self.upstream is not None and self.upstream.reached

    def pause(self) -> None:
        """Stop reading: the client accepts no more for now."""
        if self.upstream is not None:
            self.upstream.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self.upstream is not None:
            self.upstream.resume_reading()

    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Take bytes of a response; those after the first go straight to the client."""
        reply = self._reply
        if reply is None:
            self._first_bytes(upstream, data)
            return
        reply.more(data)
        scan = reply.scan
        if scan is not None and scan.first and not self.started:
            self._first_token(upstream, reply, monotonic())

    def _first_bytes(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Wait for the first byte after the head: until then the client has nothing, and a retry is possible."""
        reader = upstream.reader
        head = reader.head
        if self.error is not None:
            self.error.take(reader.payload)
        elif head is None or not (data or reader.payload or reader.done):
            return
        elif engine_errors.is_bad(head, reader.payload, self.api.errors):
            self.error = EngineErrorReply(head, self.api.errors)
            self.error.take(reader.payload)
            self._owner.attempt_errored(self, monotonic())
        else:
            now = monotonic()
            self._reply = reply = self._owner.attempt_replied(self, reader, data, now)
            if reply is None:
                return
            if reply.scan is None:
                if not reader.done:
                    upstream.pass_to(reply.more)
            elif reply.scan.first:
                self._first_token(upstream, reply, now)

    def _first_token(self, upstream: UpstreamConnection, reply: Reply, now: float) -> None:
        self.started = True
        upstream.pass_to(reply.more)  # from now on bytes are only passed on
        self._owner.attempt_first_token(self, now)

    def is_truncated(self, upstream: UpstreamConnection) -> bool:
        """Whether it is a stream without its last event: its engine ended in the middle. An error has no such event."""
        head, reply = upstream.reader.head, self._reply
        if head is None or not head.streams or head.status >= 400 or self.error is not None:
            return False
        return self._owner.request.surface in ENDED_BY_EVENT and (reply is None or not reply.has_end())

    def message_complete(self, upstream: UpstreamConnection) -> None:  # noqa: ARG002 - the interface's
        """Report that the engine's response is complete."""
        self._owner.attempt_complete(self)

    def connection_lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """Report that the engine's response broke or never began."""
        self._owner.attempt_lost(self, why)

    def internal_error(self) -> None:
        """Report a router bug in this response."""
        self._owner.attempt_internal_error(self)


class Inquiry(Attempt):
    """A query by the router itself; a request waits for its whole answer or gives up on it."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self.upstream = None
        self._pieces: list[bytes] = []

    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:  # noqa: ARG002 - the interface's
        """Keep part of the answer."""
        self._pieces.append(data)

    def message_complete(self, upstream: UpstreamConnection) -> None:
        """Pass on the complete answer."""
        self.upstream = None
        head = upstream.reader.head
        self.answered(b"".join(self._pieces) if head is not None and head.status == 200 else None)

    def connection_lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """Give up: the connection was lost."""
        self.upstream = None
        self.give_up()

    @abstractmethod
    def answered(self, page: bytes | None) -> None:
        """Called with the body of a good answer; None if it is an error."""

    @abstractmethod
    def give_up(self) -> None:
        """Go on without an answer."""

    @abstractmethod
    def leave(self) -> None:
        """End: the request that waits is over, and its tenant gets back what it was charged for it."""

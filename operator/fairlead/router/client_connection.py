"""One client connection: reads requests, one at a time, and writes their responses.

A client that closes its side has disconnected, whatever it was waiting for: there is no earlier sign. Slow clients are
cut: those that send a head or body too slowly, or stop reading their response.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import Final, cast

from fairlead.router import handlers, refusals, router_peers
from fairlead.router.engine_target import EngineTarget
from fairlead.router.exchange import Exchange
from fairlead.router.handlers import LocalReply
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.reply import Reply
from fairlead.router.reply_clients import CLIENT_LEFT
from fairlead.router.request import Request
from fairlead.router.router import Router
from fairlead.router.wire import heads, problems, surfaces
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import MalformedRequest
from fairlead.router.wire.requests import ClientRequest, RequestReader, RequestReadStage

log = logging.getLogger(__name__)

GRACE_SECONDS: Final = 2.0
"""How long to read and drop the rest of a refused request: closing at once could lose the refusal."""
MOVED_SECONDS: Final = 2.0
"""How long a connection whose last target is gone may be idle: its client finds the target at other routers."""
STALL_SECONDS: Final = 60.0
"""After so long without reading any of its response a client is cut; its engine was paused meanwhile."""
WRITE_BYTES: Final = 256 * 2**10
"""How much to buffer for a slow client, some thousand tokens, before pausing its engine."""


class ClientConnection(asyncio.Protocol):
    """A client's connection. Between requests it holds nothing but its reader."""

    __slots__ = (
        "_context",
        "_exchange",
        "_record",
        "_retired",
        "_router",
        "_scraped",
        "_target",
        "leaving",
        "paused",
        "peer",
        "reader",
        "since",
        "transport",
        "write",
    )
    write: Callable[[bytes], None]

    def __init__(self, router: Router, *, scraped: bool = False) -> None:
        self._router = router
        self._context = context = router.context
        self.reader = RequestReader(context.limits, context.head_cache, context.bodies)
        self.transport: asyncio.Transport | None = None
        self._exchange: Exchange | None = None
        self.peer = ""
        self.paused = False
        """The client is not reading what was written."""
        self.leaving = False
        """The last response is written, or the client has disconnected; further input is dropped."""
        self.since = 0.0
        """When it became idle, started to send a head or a body, or stopped reading."""
        self._record: RequestRecord | None = None
        self._target: EngineTarget | None = None
        """The target of its last request."""
        self._retired = False
        """That target was retired here."""
        self._scraped = scraped

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection; refuse and close one above the limit."""
        self.transport = made = cast("asyncio.Transport", transport)
        self.write = made.write
        made.set_write_buffer_limits(high=WRITE_BYTES)
        context, peer = self._context, made.get_extra_info("peername")
        self.peer = peer[0] if peer else ""
        self.since = monotonic()
        context.clients.add(self)
        context.telemetry.counts.connections.client_opened()
        if len(context.clients) > context.settings.routing.connections.max_connections and not self._scraped:
            context.telemetry.counts.connections.client_refused()
            many = refusals.too_many_clients(context.settings.routing.connections.max_connections)
            made.write(problems.answer(many, surfaces.Surface.OTHER, close=True))
            self._leave()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface's
        """Handle the client's disconnect: whatever is in progress for it ends."""
        self._context.clients.discard(self)
        self.reader.drop()
        now = monotonic()
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.client_disconnected(now)
        record, self._record = self._record, None
        if record is not None:
            record.client_left(AbortStage.BODY)
            record.reply(CLIENT_LEFT)
            self._context.telemetry.ended(record, now)
        self.transport, self.leaving = None, True

    def data_received(self, data: bytes) -> None:
        """Feed bytes of a request to the reader."""
        if self.leaving:
            return
        reader = self.reader
        idle = reader.stage is RequestReadStage.IDLE
        found = reader.feed(data)
        if type(found) is ClientRequest:
            self._read(found)
        elif found is not None:
            self._refuse_bad(cast("MalformedRequest", found))
        elif idle:
            self.since = monotonic()

    def _read(self, request: ClientRequest) -> None:
        """Handle a head, usually with its whole body; one that is refused in any case is not worth a body."""
        now, head, context = monotonic(), request.head, self._context
        if not handlers.is_forwarded(head) or self._scraped:
            if request.whole or self._scraped or not handlers.takes_body(head) or context.refuses(head):
                self._answer_own(request)
                return
            self.since = now
            if request.expects:
                self.write(heads.CONTINUE)
        elif request.whole or context.refuses(head):
            record, self._record = self._record or context.telemetry.began(now), None
            self._take(request, record, now)
        else:
            self.since = now
            self._record = context.began(head, self.peer, now)
            if request.expects:
                self.write(heads.CONTINUE)

    def _take(self, request: ClientRequest, record: RequestRecord, now: float) -> None:
        """Start the exchange; an exception in it fails only this request."""
        read = Request(request, record)
        exchange = self._exchange = Exchange(self._context, read, Reply(self, read))
        try:
            exchange.start(self.peer, now)
        except Exception:
            log.exception("internal error, request %s; please report it with this traceback", record.request_id)
            exchange.internal_error()

    def _answer_own(self, request: ClientRequest) -> None:
        """Serve one of the router's own pages, which need no body; for some the client must be authorized first."""
        head = request.head
        if self._scraped and handlers.is_guarded(head):
            handlers.guarded(self._router, head, partial(self._show, request), lambda: not self.leaving)
        elif self._scraped and head.path == router_peers.PATH and self.peer not in self._context.peers.addresses:
            self._show(request, refusals.no_router(self.peer))
        elif not self._scraped and handlers.takes_long(head):
            handlers.make(self._router, head, partial(self._show, request), lambda: not self.leaving)
        else:
            self._show(request, None)

    def _show(self, request: ClientRequest, page: LocalReply | Problem | None) -> None:
        if self.leaving:
            return
        head = request.head
        keep = request.keep_alive and request.whole and not self._context.draining
        try:
            answer = handlers.own_answer(self._router, request, page, scraped=self._scraped, keep=keep)
        except Exception:
            log.exception("internal error, page %s; please report it with this traceback", head.path)
            answer = problems.answer(refusals.fault(), surfaces.shape(head.path), close=not keep)
        self.write(answer)
        self.answered(keep=keep)

    def _refuse_bad(self, bad: MalformedRequest) -> None:
        """Answer an invalid request, or one that is not read to its end."""
        telemetry, now = self._context.telemetry, monotonic()
        record, self._record = self._record, None
        if record is None and bad.head is not None:
            record = self._context.began(bad.head, self.peer, now)
        if record is None:
            telemetry.counts.connections.head_bad()
        self._last_words(problems.of_bad(bad), bad.head.path if bad.head is not None else b"", record)

    def _last_words(self, problem: Problem, path: bytes, record: RequestRecord | None) -> None:
        answer = problems.answer(problem, surfaces.shape(path), close=True)
        if record is not None:
            record.refuse(problem.code)
            record.reply(problem.status, len(answer))
            self._context.telemetry.ended(record, monotonic())
        self.write(answer)
        self._leave()

    def answered(self, *, keep: bool) -> None:
        """Read the next request or close: the response is written."""
        if self._exchange is not None:
            self._target, self._retired = getattr(self._exchange, "target", None), False
        self._exchange = None
        self.since = monotonic()
        if keep and not self.reader.surplus:
            self.reader.reset()
            if self.paused and self.transport is not None:
                self.transport.pause_reading()  # it could fill the memory with replies that it does not read
        else:
            self._leave()

    def _leave(self) -> None:
        """Close for writing, and give the client time to read."""
        self.leaving = True
        self.reader.drop()
        self.since = monotonic()
        transport = self.transport
        if transport is None:
            return
        if transport.can_write_eof() and self.reader.stage is not RequestReadStage.WHOLE:
            transport.write_eof()
        else:
            transport.close()

    def left_by(self, target: EngineTarget) -> None:
        """Note that a target was retired: a client whose last request went there should reconnect if it stays idle.

        Not at once: its next request may be on the way.
        """
        self._retired = self._retired or self._target is target

    def close(self) -> None:
        """Close once everything written is sent."""
        self.leaving = True
        self.since = monotonic()
        if self.transport is not None:
            self.transport.close()

    def abort(self) -> None:
        """Close without writing another byte."""
        self.leaving = True
        if self.transport is not None:
            self.transport.abort()

    def break_off(self) -> None:
        """Close without writing another byte: the response ended incomplete."""
        self._exchange = None
        self.abort()

    def eof_received(self) -> None:
        """Called when the client closed its side, so it has disconnected. The transport then closes the other side."""

    @property
    def unread(self) -> bool:
        """Whether something written for it still waits here."""
        return self.transport is not None and self.transport.get_write_buffer_size() > 0

    def pause_writing(self) -> None:
        """Pause the engine: the client reads more slowly than the engine sends."""
        self.paused = True
        self.since = monotonic()
        if self._exchange is not None:
            self._exchange.pause()

    def resume_writing(self) -> None:
        """Resume, or read its next request: the client has read most of its buffer."""
        self.paused = False
        if self._exchange is not None:
            self._exchange.resume()
        elif self.transport is not None and not self.leaving:
            self.transport.resume_reading()

    def sweep(self, now: float) -> None:
        """Cut a client that is slower than allowed; time spent waiting for an engine does not count."""
        connections, waited = self._context.settings.routing.connections, now - self.since
        stage = self.reader.stage
        if self.leaving:
            # After a whole request the transport ends by itself, once its client has read everything.
            reads = stage is RequestReadStage.WHOLE or self.unread
            if waited > (STALL_SECONDS if reads else GRACE_SECONDS):
                self.abort()
        elif self._exchange is not None:
            if self.paused and waited > STALL_SECONDS:
                self._context.telemetry.counts.connections.client_slow()
                self.abort()
        elif stage is RequestReadStage.IDLE:
            if waited > (min(MOVED_SECONDS, connections.idle_seconds) if self._retired else connections.idle_seconds):
                self.close()
        elif stage is RequestReadStage.HEAD:
            if waited > connections.head_seconds:
                self._slow("head", connections.head_seconds)
        elif stage is not RequestReadStage.WHOLE and waited > connections.body_seconds:
            self._slow("body", connections.body_seconds)

    def _slow(self, what: str, seconds: float) -> None:
        self._context.telemetry.counts.connections.client_slow()
        record, self._record = self._record, None
        self._last_words(refusals.too_slow_a_client(what, seconds), b"", record)

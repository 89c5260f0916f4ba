"""One request from its arrival to its end: attempts at engines until the first byte, then the response is passed on.

After the first byte there is no retry: a stream that breaks ends with an error frame, any other response with a closed
connection. When the client or the engine disconnects, the other side is released at once. `over` returns everything
that the request was charged, once.
"""

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final

from fairlead.router import engine_errors, explain_headers, interruptions, outcomes
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.reply_relay import ReplyRelay
from fairlead.router.stages import JUDGED, OVER, QUEUED, RELAYING, SENT
from fairlead.router.upstream_connection import UpstreamConnection, UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire import heads, problems, surfaces
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import ReplyFraming
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.explanations import EndpointCandidate
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import Refusal, TokenUsage

if TYPE_CHECKING:
    from fairlead.router.cache_bridge import CacheBridge
    from fairlead.router.client_connection import ClientConnection
    from fairlead.router.hedge import HedgeAttempt
    from fairlead.router.observability.request_record import RequestRecord
    from fairlead.router.permit_requests import PermitRequest
    from fairlead.router.router import Router
    from fairlead.router.token_counts import TokenCountRequest
    from fairlead.router.wire.requests import ClientRequest
    from fairlead.router.wire.surfaces import Surface
    from fairlead.routing.routing_request import RoutingRequest

AS_IT_CAME: Final = ReplyFraming.AS_IT_CAME

CLIENT_LEFT: Final = 499
_LEFT: Final = (AbortStage.QUEUED, AbortStage.FIRST_TOKEN, AbortStage.FIRST_TOKEN, AbortStage.STREAM)


class Exchange:
    """Created for each request; driven by the client's connection, the engine's, and the sweeper."""

    __slots__ = (
        *("ask", "asked", "body", "client", "due", "edits", "ends_at", "explained", "extra", "hedge_at", "judgement"),
        *("counting", "last_words", "lines", "moved", "rival", "sent_at"),
        *("recall", "recalled", "record", "reply", "request", "router", "stage", "started", "streams", "surface"),
        *("text_bytes", "upstream"),
    )
    ask: "RoutingRequest"
    body: bytes
    """The body as it goes to engines."""
    lines: bytes
    """Header lines that the router adds for engines."""
    extra: bytes
    """Header lines that the router adds for the client."""
    streams: bool
    text_bytes: int
    """Bytes of its prompt, to learn the bytes of a token."""
    edits: bool
    """Only the router wants the stream's usage, so it is removed from the response."""

    def __init__(
        self, router: "Router", client: "ClientConnection", request: "ClientRequest", record: "RequestRecord"
    ) -> None:
        self.router = router
        self.client = client
        self.request = request
        self.record = record
        self.stage = QUEUED
        self.hedge_at = inf
        """When to send a hedge, if the first attempt has no first byte by then."""
        self.rival: HedgeAttempt | None = None
        """The hedge."""
        self.explained: tuple[EndpointCandidate, ...] | None = None
        """All endpoints as of its arrival, for a client that wants an explanation."""
        self.sent_at = 0.0
        self.moved = 0
        """Bytes of its response at the last sweep."""
        self.due = inf
        """When the current time-out expires."""
        self.ends_at = record.arrived + router.timeouts.total_seconds
        self.upstream: UpstreamConnection | None = None
        self.reply: ReplyRelay | None = None
        self.judgement: EngineErrorReply | None = None
        self.last_words: Problem | EngineErrorReply | None = None
        """What went wrong at the last engine, or its own error: for the client if there is no other attempt."""
        self.counting: TokenCountRequest | PermitRequest | None = (
            None  # a token count or a permit that admission waits for
        )
        self.recall: CacheBridge | None = None
        """Its connection to the response cache, unless it bypasses the cache."""
        self.recalled = False
        """It needs no engine: the cache answers, or it follows another request."""
        self.asked = False
        """`ask` is set."""
        self.started = False
        """Its first token has arrived."""

    surface: "Surface"

    def settle(self, found: Endpoint | Refusal | None, now: float) -> None:
        """Act on the dispatcher's decision, at once or after a wait."""
        if found is None:
            self.stage, self.due = QUEUED, inf
        elif isinstance(found, Refusal):
            outcomes.refused(self, found, now)
        else:
            self._send(found, now)

    def _send(self, endpoint: Endpoint, now: float) -> None:
        pool = self.router.pool(endpoint)
        self.record.sent(self.ask, endpoint, now)
        self.stage = SENT
        self.sent_at = now
        if self.streams:
            self.due = now + self.router.timeouts.first_token_seconds
            if self.router.hedging.enabled:
                after = self.router.hedges.maybe_after(self.router.hedging, self.ask.prompt_tokens)
                self.hedge_at = inf if after is None else now + after
        else:
            self.due = inf
        self.upstream = pool.send(self, self.message(pool), now)

    def message(self, pool: UpstreamPool) -> UpstreamMessage:
        """The request as this engine gets it; a traced attempt has a span of its own."""
        lines, parent = self.lines, self.record.upstream_traceparent()
        if parent is not None:
            lines = b"%btraceparent: %b\r\n" % (lines, parent)
        head = heads.upstream(self.request.head, pool.host, len(self.body), lines)
        out = ReplyFraming.EDITED if self.edits else ReplyFraming.PLAIN if self.request.head.http10 else AS_IT_CAME
        return UpstreamMessage(parts=(head, self.body), out=out)

    def came(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Bytes of a response; those after the first go straight to the client."""
        reply = self.reply
        if reply is None:
            self._open(upstream, data)
            return
        reply.more(data)
        scan = reply.scan
        if scan is not None and scan.first and not self.started:
            self._first_token(monotonic())

    def _open(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Wait for the first byte after the head: until then the client has got nothing, and a retry is possible."""
        reader = upstream.reader
        head = reader.head
        if self.judgement is not None:
            self.judgement.take(reader.payload)
        elif head is None or not (data or reader.payload or reader.done):
            return
        elif engine_errors.is_bad(head, reader.payload):
            self.stage = JUDGED
            self.judgement = EngineErrorReply(head)
            self.judgement.take(reader.payload)
        else:
            self._relay(upstream, data)

    def _relay(self, upstream: UpstreamConnection, data: bytes) -> None:
        now = monotonic()
        self.stage = RELAYING
        self.hedge_at = inf
        if self.rival is not None:
            self.rival.drop(AttemptEnding.OUTRUN)
        keep = self.request.keep_alive and not self.router.draining
        self.reply = reply = ReplyRelay(self.client, self.surface, upstream.reader, edits=self.edits)
        if self.recall is not None:
            self.recall.began(upstream.reader, upstream.pool.endpoint.revision)
            reply.flight = self.recall.flight
        extra = self.extra if self.explained is None else self.extra + explain_headers.lines(self, self.explained)
        reply.open(data, extra, keep=keep)
        scan = reply.scan
        if scan is not None:
            self.due = now + self.router.timeouts.between_tokens_seconds
            if scan.first:
                self._first_token(now)
        else:
            self.due = inf

    def look(self, now: float) -> None:
        """Extend the time-out if the stream moved since the last sweep. Chunks themselves read no clock."""
        reply = self.reply
        if reply is not None and reply.scan is not None and reply.bytes_out != self.moved:
            self.moved = reply.bytes_out
            self.due = now + self.router.timeouts.between_tokens_seconds
            if self.upstream is not None:
                self.upstream.pool.endpoint.progress_at = now

    def _first_token(self, now: float) -> None:
        self.started = True
        self.record.first_token_at = now
        if self.upstream is not None and self.reply is not None:
            self.upstream.take = self.reply.more  # from now on only bytes are passed on
        if self.router.hedging.enabled:
            self.router.hedges.saw(self.ask.prompt_tokens, now - self.sent_at)
        self.router.desk.first_token(self.ask, now)

    def whole(self, upstream: UpstreamConnection) -> None:
        """The engine's response is complete."""
        now = monotonic()
        if self.judgement is not None:
            outcomes.judge(self, upstream, now)
            return
        assert self.reply is not None
        reply, desk = self.reply, self.router.desk
        status = reply.status
        if status >= 400:
            self.end(AttemptEnding.REFUSED, None, now)
        else:
            usage = outcomes.usage(self, reply)
            if not self.started:
                desk.first_token(self.ask, now)
            self.end(outcomes.ending(self, reply), usage, now)
        if self.recall is not None:
            self.recall.completed(now)
        self.over(status, now)
        self.client.answered(keep=reply.keep)

    def lost(self, upstream: UpstreamConnection, why: str) -> None:
        """The engine's response broke, or never began."""
        outcomes.lost(self, upstream, why)

    def elsewhere(self, ending: AttemptEnding, now: float) -> None:
        """The attempt failed before the client got a byte: try another endpoint, queue, or send `last_words`."""
        self.upstream = None
        self.hedge_at = inf
        if self.rival is not None:
            self.rival.drop(AttemptEnding.OUTRUN)
        self.record.failed(ending, now)
        self.settle(self.router.desk.elsewhere(self.ask, ending, now), now)

    def left(self, now: float) -> None:
        """Its client disconnected: end everything that is in progress for it."""
        self.record.left = _LEFT[self.stage]
        if self.recall is not None and self.recall.left(now):
            return
        if self.upstream is not None:
            self.upstream.abort()
            self.end(AttemptEnding.CLIENT_LEFT, None, now)
        elif self.counting is not None:
            self.counting.stop()
        else:
            self.router.desk.withdraw(self.ask, now)
        self.over(CLIENT_LEFT, now)

    def broke(self) -> None:
        """A bug of the router hit this request."""
        interruptions.broken(self)

    def refuse(self, problem: Problem, now: float) -> None:
        """Answer with an error of the router's own; no engine works for this request any more."""
        keep = self.request.keep_alive and not self.router.draining
        answer = problems.answer(problem, surfaces.shape(self.request.head.path), self.extra, close=not keep)
        self.record.reason = problem.code
        self.record.bytes_out = len(answer)
        self.client.write(answer)
        self.over(problem.status, now)
        self.client.answered(keep=keep)

    def cut(self, problem: Problem, ending: AttemptEnding, now: float) -> None:
        """End a response that has begun, with an error frame where its form allows one."""
        reply, upstream = self.reply, self.upstream
        assert reply is not None
        assert upstream is not None
        ended_well = reply.cut(problem)
        upstream.abort()
        self.record.cut = True
        self.record.reason = problem.code
        self.end(ending, None, now)
        self.over(reply.status, now)
        self.client.answered(keep=reply.keep and ended_well)

    def end(self, ending: AttemptEnding, usage: TokenUsage | None, now: float) -> None:
        """Release the endpoint: no engine works for this request any more."""
        self.upstream = None
        if self.rival is not None:
            self.rival.drop(AttemptEnding.OUTRUN)
        self.router.desk.ended(self.ask, ending, usage, now)

    def over(self, status: int, now: float) -> None:
        """The only release: after it the router holds no reference to this request."""
        if self.stage == OVER:
            raise AssertionError(f"request {self.record.request_id} ended twice")
        self.stage = OVER
        record, router = self.record, self.router
        record.status = status
        if self.reply is not None:
            record.bytes_out = self.reply.bytes_out
            if self.reply.scan is not None:
                record.deltas = self.reply.scan.deltas
        router.live.discard(self)
        if self.asked:
            if self.ask.shadow is not None:
                record.shadow = self.ask.shadow.value
            self.ask.owner = None  # no reference cycle: the collector runs rarely
        router.teller.ended(record, now)
        if self.recall is not None:
            self.recall.over()
        router.turns(now)

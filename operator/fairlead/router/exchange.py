"""One request from its arrival to its end: asked of an engine, of another before the first byte, and passed back.

After the first byte nothing is repeated: a stream that breaks ends with an error frame, any other answer with a closed
connection. Whoever leaves early, client or engine, the other side is let go at once. All that was taken is given back
in `over`, once.
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
    """Made by `intake`, driven by the client's connection, the engine's, and the sweeper."""

    __slots__ = (
        *("ask", "asked", "body", "client", "due", "edits", "ends_at", "explained", "extra", "hedge_at", "judgement"),
        *("counting", "last_words", "lines", "moved", "rival", "sent_at"),
        *("recall", "recalled", "record", "reply", "request", "router", "stage", "started", "streams", "surface"),
        *("text_bytes", "upstream"),
    )
    ask: "RoutingRequest"
    body: bytes
    """As it goes to engines."""
    lines: bytes
    """Header lines of ours for engines."""
    extra: bytes
    """Header lines of ours for the client."""
    streams: bool
    text_bytes: int
    """Of its prompt, by which bytes a token are learnt."""
    edits: bool
    """The stream's usage is asked for by us alone, and is taken out."""

    def __init__(
        self, router: "Router", client: "ClientConnection", request: "ClientRequest", record: "RequestRecord"
    ) -> None:
        self.router = router
        self.client = client
        self.request = request
        self.record = record
        self.stage = QUEUED
        self.hedge_at = inf
        """When a second engine is asked, if the first has not begun by then."""
        self.rival: HedgeAttempt | None = None
        """That second one."""
        self.explained: tuple[EndpointCandidate, ...] | None = None
        """All engines as they stood when it came, for a client that asked to know."""
        self.sent_at = 0.0
        self.moved = 0
        """Bytes of its answer at the last sweep."""
        self.due = inf
        """When its patience with the engine ends, whatever it waits for now."""
        self.ends_at = record.arrived + router.timeouts.total_seconds
        self.upstream: UpstreamConnection | None = None
        self.reply: ReplyRelay | None = None
        self.judgement: EngineErrorReply | None = None
        self.last_words: Problem | EngineErrorReply | None = None
        """What went wrong at the last engine, or its own error: for the client if nobody else answers."""
        self.counting: TokenCountRequest | PermitRequest | None = (
            None  # whoever asks something before it asks for a place
        )
        self.recall: CacheBridge | None = None
        """What the response cache is to it, if it is anything."""
        self.recalled = False
        """It needs no engine: the cache answers, or somebody else's engine does."""
        self.asked = False
        """There is an `ask`."""
        self.started = False
        """Its first token was seen."""

    surface: "Surface"

    def settle(self, found: Endpoint | Refusal | None, now: float) -> None:
        """Act on what the deciding room said, at once or when its turn came."""
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
        """Bytes of an answer; those that follow the first go straight on."""
        reply = self.reply
        if reply is None:
            self._open(upstream, data)
            return
        reply.more(data)
        scan = reply.scan
        if scan is not None and scan.first and not self.started:
            self._first_token(monotonic())

    def _open(self, upstream: UpstreamConnection, data: bytes) -> None:
        """The head alone is no byte yet: an engine that ends before its first event has told nobody anything."""
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
        """Whether its stream moved since the last sweep; chunks themselves set no clock."""
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
            self.upstream.take = self.reply.more  # from now on there is nothing to see but bytes
        if self.router.hedging.enabled:
            self.router.hedges.saw(self.ask.prompt_tokens, now - self.sent_at)
        self.router.desk.first_token(self.ask, now)

    def whole(self, upstream: UpstreamConnection) -> None:
        """The engine's answer ended as it should."""
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
        """The engine's answer broke, or never began."""
        outcomes.lost(self, upstream, why)

    def elsewhere(self, ending: AttemptEnding, now: float) -> None:
        """This engine is out of it before anybody saw a byte: another, or a wait for one, or the last words."""
        self.upstream = None
        self.hedge_at = inf
        if self.rival is not None:
            self.rival.drop(AttemptEnding.OUTRUN)
        self.record.failed(ending, now)
        self.settle(self.router.desk.elsewhere(self.ask, ending, now), now)

    def left(self, now: float) -> None:
        """Its client went away: whatever was begun for it ends at once."""
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
        """A fault of ours met it."""
        interruptions.broken(self)

    def refuse(self, problem: Problem, now: float) -> None:
        """A whole answer of our own; nothing is under way for it any more."""
        keep = self.request.keep_alive and not self.router.draining
        answer = problems.answer(problem, surfaces.shape(self.request.head.path), self.extra, close=not keep)
        self.record.reason = problem.code
        self.record.bytes_out = len(answer)
        self.client.write(answer)
        self.over(problem.status, now)
        self.client.answered(keep=keep)

    def cut(self, problem: Problem, ending: AttemptEnding, now: float) -> None:
        """An answer that has begun ends with last words, where its form has room for them."""
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
        """No engine works for it any more."""
        self.upstream = None
        if self.rival is not None:
            self.rival.drop(AttemptEnding.OUTRUN)
        self.router.desk.ended(self.ask, ending, usage, now)

    def over(self, status: int, now: float) -> None:
        """The one release: after it this request is nowhere in the router."""
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
            self.ask.owner = None  # no circles: the collector seldom looks
        router.teller.ended(record, now)
        if self.recall is not None:
            self.recall.over()
        router.turns(now)

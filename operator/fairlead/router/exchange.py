"""One request from its arrival to its end: asked of an engine, of another before the first byte, and passed back.

After the first byte nothing is repeated: a stream that breaks ends with an error frame, any other answer with a closed
connection. Whoever leaves early, client or engine, the other side is let go at once. All that was taken is given back
in `over`, once.
"""

from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Final

from fairlead.router import judging, refusals
from fairlead.router.judging import Judgement
from fairlead.router.reply import Reply
from fairlead.router.telling.words import Stage
from fairlead.router.upstream import Message, Upstream
from fairlead.router.wire import heads, problems
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import Out
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import Ending, RefusalReason
from fairlead.routing.refusal import Refusal, Usage

if TYPE_CHECKING:
    from fairlead.router.client import Client
    from fairlead.router.hedge import Rival
    from fairlead.router.pool import Pool
    from fairlead.router.recall import Recall
    from fairlead.router.router import Router
    from fairlead.router.telling.record import Record
    from fairlead.router.wire.requests import Request
    from fairlead.router.wire.surfaces import Surface
    from fairlead.routing.ask import Ask

AS_IT_CAME: Final = Out.AS_IT_CAME
QUEUED: Final = 0
"""It has no engine; the deciding room knows for how long it may wait."""
SENT: Final = 1
"""An engine has it, and its client has seen nothing."""
JUDGED: Final = 2
"""The engine's answer is an error; it is read whole before anybody sees it."""
RELAYING: Final = 3
OVER: Final = 4

_LAST_WORDS: Final = frozenset({RefusalReason.NO_OTHER_REPLICA, RefusalReason.RETRY_BUDGET})
"""A refusal to try again says less than what the last engine said."""
CLIENT_LEFT: Final = 499
_LEFT: Final = (Stage.QUEUED, Stage.FIRST_TOKEN, Stage.FIRST_TOKEN, Stage.STREAM)


class Exchange:
    """Made by `intake`, driven by the client's connection, the engine's, and the sweeper."""

    __slots__ = (
        *("ask", "asked", "body", "client", "due", "edits", "ends_at", "extra", "hedge_at", "judgement"),
        *("last_words", "lines", "rival", "sent_at"),
        *("recall", "recalled", "record", "reply", "request", "router", "stage", "started", "streams", "surface"),
        *("text_bytes", "upstream"),
    )
    ask: "Ask"
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

    def __init__(self, router: "Router", client: "Client", request: "Request", record: "Record") -> None:
        self.router = router
        self.client = client
        self.request = request
        self.record = record
        self.stage = QUEUED
        self.hedge_at = inf
        """When a second engine is asked, if the first has not begun by then."""
        self.rival: Rival | None = None
        """That second one."""
        self.sent_at = 0.0
        self.due = inf
        """When its patience with the engine ends, whatever it waits for now."""
        self.ends_at = record.arrived + router.timeouts.total_seconds
        self.upstream: Upstream | None = None
        self.reply: Reply | None = None
        self.judgement: Judgement | None = None
        self.last_words: Problem | Judgement | None = None
        """What went wrong at the last engine, or its own error: for the client if nobody else answers."""
        self.recall: Recall | None = None
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
            self._refused(found, now)
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

    def message(self, pool: Pool) -> Message:
        """The request as this engine gets it; a traced attempt has a span of its own."""
        lines, parent = self.lines, self.record.upstream_traceparent()
        if parent is not None:
            lines = b"%btraceparent: %b\r\n" % (lines, parent)
        head = heads.upstream(self.request.head, pool.host, len(self.body), lines)
        if self.edits:
            out = Out.EDITED
        else:
            out = Out.PLAIN if self.request.head.http10 else AS_IT_CAME
        return Message(parts=(head, self.body), out=out)

    def came(self, upstream: Upstream, data: bytes) -> None:
        """Bytes of an answer; those that follow the first go straight on."""
        reply = self.reply
        if reply is None:
            self._open(upstream, data)
            return
        reply.more(data)
        scan = reply.scan
        if scan is not None:
            now = monotonic()
            self.due = now + self.router.timeouts.between_tokens_seconds
            upstream.pool.endpoint.progress_at = now
            if scan.first and not self.started:
                self._first_token(now)

    def _open(self, upstream: Upstream, data: bytes) -> None:
        """The head alone is no byte yet: an engine that ends before its first event has told nobody anything."""
        reader = upstream.reader
        head = reader.head
        if self.judgement is not None:
            self.judgement.take(reader.payload)
        elif head is None or not (data or reader.payload or reader.done):
            return
        elif judging.is_bad(head, reader.payload):
            self.stage = JUDGED
            self.judgement = Judgement(head)
            self.judgement.take(reader.payload)
        else:
            self._relay(upstream, data)

    def _relay(self, upstream: Upstream, data: bytes) -> None:
        now = monotonic()
        self.stage = RELAYING
        self.hedge_at = inf
        if self.rival is not None:
            self.rival.drop(Ending.OUTRUN)
        keep = self.request.keep_alive and not self.router.draining
        self.reply = reply = Reply(self.client, self.surface, upstream.reader, edits=self.edits)
        if self.recall is not None:
            self.recall.began(upstream.reader, upstream.pool.endpoint.revision)
            reply.flight = self.recall.flight
        reply.open(data, self.extra, keep=keep)
        scan = reply.scan
        if scan is not None:
            self.due = now + self.router.timeouts.between_tokens_seconds
            if scan.first:
                self._first_token(now)
        else:
            self.due = inf

    def _first_token(self, now: float) -> None:
        self.started = True
        self.record.first_token_at = now
        if self.router.hedging.enabled:
            self.router.hedges.saw(self.ask.prompt_tokens, now - self.sent_at)
        self.router.desk.first_token(self.ask, now)

    def whole(self, upstream: Upstream) -> None:
        """The engine's answer ended as it should."""
        now = monotonic()
        if self.judgement is not None:
            self._judge(upstream, now)
            return
        assert self.reply is not None
        reply, desk = self.reply, self.router.desk
        status = reply.status
        if status >= 400:
            self._end(Ending.REFUSED, None, now)
        else:
            usage = self._account(reply)
            if not self.started:
                desk.first_token(self.ask, now)
            self._end(Ending.DONE, usage, now)
        if self.recall is not None:
            self.recall.completed(now)
        self.over(status, now)
        self.client.answered(keep=reply.keep)

    def _account(self, reply: Reply) -> Usage | None:
        """What the answer used: as the engine told it, or for a stream that tells nothing, as it was seen."""
        record, (usage, finish) = self.record, reply.told()
        if finish is not None:
            record.finish_reason = finish
        if usage is None:
            seen = 0 if reply.scan is None else reply.scan.deltas
            return Usage(prompt_tokens=self.ask.prompt_tokens, output_tokens=seen) if seen else None
        record.prompt_tokens, record.output_tokens = usage.prompt_tokens, usage.output_tokens
        if usage.cached_tokens is not None:
            record.cached_tokens = usage.cached_tokens
        self.router.desk.table.expectations.measured(self.text_bytes, usage.prompt_tokens)
        return usage

    def _judge(self, upstream: Upstream, now: float) -> None:
        """An engine's own error, whole: another engine may do better, or the client gets it as it is."""
        judgement = self.judgement
        assert judgement is not None
        self.judgement = None
        ending, again = judgement.tell(self.router.desk.table, upstream.pool.endpoint)
        if again:
            self.last_words = judgement
            self._elsewhere(ending, now)
        else:
            self._end(ending, None, now)
            self._pass_on(judgement, now)

    def lost(self, upstream: Upstream, why: str) -> None:
        """The engine's answer broke, or never began."""
        now, endpoint = monotonic(), upstream.pool.endpoint
        table = self.router.desk.table
        if self.reply is not None:
            table.failed(endpoint, why)
            self._cut(refusals.cut(endpoint.address, why), Ending.CUT, now)
            return
        self.judgement = None
        self.last_words = refusals.unreachable(endpoint.address, why)
        table.failed(endpoint, why, at_once=not upstream.reached)
        if self.rival is not None:
            self.upstream = None
            self.rival.take_over(Ending.FAILED)
            return
        self._elsewhere(Ending.FAILED if upstream.reached else Ending.NOT_CONNECTED, now)

    def stuck(self, why: str, now: float) -> None:
        """Its engine was taken out because it makes no progress: another may, as long as nobody has seen a byte."""
        assert self.upstream is not None
        endpoint = self.upstream.pool.endpoint
        if self.reply is not None:
            self._cut(refusals.cut(endpoint.address, why), Ending.SLOW, now)
            return
        self.upstream.abort()
        self.judgement = None
        self.last_words = refusals.stuck(endpoint.address, why)
        self._elsewhere(Ending.SLOW, now)

    def _elsewhere(self, ending: Ending, now: float) -> None:
        self.upstream = None
        self.hedge_at = inf
        if self.rival is not None:
            self.rival.drop(Ending.OUTRUN)
        self.record.failed(ending, now)
        self.settle(self.router.desk.elsewhere(self.ask, ending, now), now)

    def late(self, now: float) -> None:
        """Its patience is at an end; one that waits for its turn is told so by the deciding room."""
        upstream = self.upstream
        if upstream is None:
            if self.recall is not None and now >= self.ends_at:
                self.recall.late(now)
            return
        endpoint, timeouts = upstream.pool.endpoint, self.router.timeouts
        whole = now >= self.ends_at
        if self.reply is not None:
            if whole:
                slow = refusals.too_slow(endpoint.address, "did not finish", timeouts.total_seconds)
            else:
                silent = f"silent for {timeouts.between_tokens_seconds:g} s"
                self.router.desk.table.failed(endpoint, silent)
                slow = refusals.cut(endpoint.address, silent)
            self._cut(slow, Ending.SLOW, now)
            return
        seconds = timeouts.total_seconds if whole else timeouts.first_token_seconds
        if not whole:
            self.router.desk.table.failed(endpoint, f"no first token within {seconds:g} s")
        slow = refusals.too_slow(endpoint.address, "did not finish" if whole else "said nothing", seconds)
        upstream.abort()
        self.record.failed(Ending.SLOW, now)
        self._end(Ending.SLOW, None, now)
        self.refuse(slow, now)

    def left(self, now: float) -> None:
        """Its client went away: whatever was begun for it ends at once."""
        self.record.left = _LEFT[self.stage]
        if self.recall is not None and self.recall.left(now):
            return
        if self.upstream is not None:
            self.upstream.abort()
            self._end(Ending.CLIENT_LEFT, None, now)
        else:
            self.router.desk.withdraw(self.ask, now)
        self.over(CLIENT_LEFT, now)

    def broke(self) -> None:
        """A fault of ours met it: what it holds is given back, and its client is told who is to blame."""
        if self.stage == OVER:
            return
        now, upstream = monotonic(), self.upstream
        if upstream is not None:
            upstream.abort()
        if self in self.router.live:
            self._let_go(now)
        if self.reply is None:
            self.refuse(refusals.fault(), now)
        else:
            self.over(self.reply.status, now)
            self.client.exchange = None
            self.client.abort()

    def _let_go(self, now: float) -> None:
        if self.ask.waiting:
            self.router.desk.withdraw(self.ask, now)
        elif self.ask.endpoint is not None:
            self.router.desk.ended(self.ask, Ending.FAILED, None, now)

    def refuse(self, problem: Problem, now: float) -> None:
        """A whole answer of our own; nothing is under way for it any more."""
        keep = self.request.keep_alive and not self.router.draining
        answer = problems.answer(problem, self.surface, self.extra, close=not keep)
        self.record.reason = problem.code
        self.client.write(answer)
        self.over(problem.status, now)
        self.client.answered(keep=keep)

    def _refused(self, refusal: Refusal, now: float) -> None:
        words = self.last_words
        self.upstream = None
        if words is None or refusal.reason not in _LAST_WORDS:
            self.refuse(refusals.of(refusal), now)
        elif isinstance(words, Problem):
            self.refuse(words, now)
        else:
            self._pass_on(words, now)

    def _pass_on(self, judgement: Judgement, now: float) -> None:
        """The engine's error as it came."""
        keep = self.request.keep_alive and not self.router.draining
        self.client.write(judgement.answer(self.extra, close=not keep))
        self.over(judgement.head.status, now)
        self.client.answered(keep=keep)

    def _cut(self, problem: Problem, ending: Ending, now: float) -> None:
        """An answer that has begun ends with last words, where its form has room for them."""
        reply, upstream = self.reply, self.upstream
        assert reply is not None
        assert upstream is not None
        ended_well = reply.cut(problem)
        upstream.abort()
        self.record.cut = True
        self.record.reason = problem.code
        self._end(ending, None, now)
        self.over(reply.status, now)
        self.client.answered(keep=reply.keep and ended_well)

    def _end(self, ending: Ending, usage: Usage | None, now: float) -> None:
        self.upstream = None
        if self.rival is not None:
            self.rival.drop(Ending.OUTRUN)
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
            self.ask.owner = None  # no circles: the collector seldom looks
        router.teller.ended(record, now)
        if self.recall is not None:
            self.recall.over()
        router.turns(now)

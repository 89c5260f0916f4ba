"""What follows from an engine's response: the tokens that a good one used, or the handling of an error."""

from time import monotonic
from typing import TYPE_CHECKING, Final

from fairlead.router import refusals
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.reply_relay import ReplyRelay
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.wire.problems import Problem
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import Refusal, TokenUsage

if TYPE_CHECKING:
    from fairlead.router.exchange import Exchange

LAST_WORDS: Final = frozenset({RefusalReason.NO_OTHER_REPLICA, RefusalReason.RETRY_BUDGET})
"""Refusals that are less useful to a client than the last engine's error, which is sent instead."""

ENGINE_ERROR: Final = "engine_error"
"""An engine's error event inside a stream that began well: the response ended properly and still counts as cut."""


def judge(exchange: "Exchange", upstream: UpstreamConnection, now: float) -> None:
    """Handle an engine's error response: try another engine, or pass it on."""
    judgement = exchange.judgement
    assert judgement is not None
    exchange.judgement = None
    ending, again = judgement.tell(exchange.router.desk.table, upstream.pool.endpoint)
    if again:
        exchange.last_words = judgement
        exchange.elsewhere(ending, now)
    else:
        exchange.end(ending, None, now)
        if judgement.has_no_route:
            exchange.refuse(refusals.no_route_at_engine(exchange.request.head), now)
        else:
            pass_on(exchange, judgement, now)


def lost(exchange: "Exchange", upstream: UpstreamConnection, why: str) -> None:
    """Handle a response that broke, or never began."""
    now, endpoint = monotonic(), upstream.pool.endpoint
    table = exchange.router.desk.table
    if exchange.reply is not None:
        table.failed(endpoint, why)
        exchange.cut(refusals.cut(endpoint.address, why), AttemptEnding.CUT, now)
        return
    exchange.judgement = None
    exchange.last_words = refusals.unreachable(endpoint.address, why)
    table.failed(endpoint, why, at_once=not upstream.reached)
    if exchange.rival is not None:
        exchange.upstream = None
        exchange.rival.take_over(AttemptEnding.FAILED)
        return
    exchange.elsewhere(AttemptEnding.FAILED if upstream.reached else AttemptEnding.NOT_CONNECTED, now)


def refused(exchange: "Exchange", refusal: Refusal, now: float) -> None:
    words = exchange.last_words
    exchange.upstream = None
    if words is None or refusal.reason not in LAST_WORDS:
        exchange.refuse(refusals.of(refusal), now)
    elif isinstance(words, Problem):
        exchange.refuse(words, now)
    else:
        pass_on(exchange, words, now)


def pass_on(exchange: "Exchange", judgement: EngineErrorReply, now: float) -> None:
    """Pass the engine's error on unchanged."""
    keep = exchange.request.keep_alive and not exchange.router.draining
    answer = judgement.answer(exchange.extra, close=not keep)
    exchange.record.bytes_out = len(answer)
    exchange.client.write(answer)
    exchange.over(judgement.head.status, now)
    exchange.client.answered(keep=keep)


def ending(exchange: "Exchange", reply: ReplyRelay) -> AttemptEnding:
    """The ending of a complete response: a stream with an error event counts as cut."""
    if reply.scan is None or not reply.scan.error:
        return AttemptEnding.DONE
    exchange.record.cut, exchange.record.reason = True, ENGINE_ERROR
    return AttemptEnding.CUT


def usage(exchange: "Exchange", reply: ReplyRelay) -> TokenUsage | None:
    """The tokens of the response: the engine's usage, or for a stream without usage, the number of its events."""
    record, (usage, finish) = exchange.record, reply.told()
    if finish is not None:
        record.finish_reason = finish
    if usage is None:
        seen = 0 if reply.scan is None else reply.scan.deltas
        return TokenUsage(prompt_tokens=exchange.ask.prompt_tokens, output_tokens=seen) if seen else None
    record.prompt_tokens, record.output_tokens = usage.prompt_tokens, usage.output_tokens
    if usage.cached_tokens is not None:
        record.cached_tokens = usage.cached_tokens
    exchange.router.desk.table.expectations.measured(exchange.text_bytes, usage.prompt_tokens)
    return usage

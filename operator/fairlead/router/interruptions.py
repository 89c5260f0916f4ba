"""How requests end early: an engine that is too slow or ejected, or a bug of the router itself."""

from time import monotonic
from typing import TYPE_CHECKING

from fairlead.router import refusals
from fairlead.router.stages import OVER
from fairlead.routing.reasons import AttemptEnding

if TYPE_CHECKING:
    from fairlead.router.exchange import Exchange


def hung(exchange: "Exchange", why: str, now: float) -> None:
    """The endpoint was ejected because it hangs: retry elsewhere, as long as the client has got no byte."""
    assert exchange.upstream is not None
    endpoint = exchange.upstream.pool.endpoint
    if exchange.reply is not None:
        exchange.cut(refusals.cut(endpoint.address, why), AttemptEnding.SLOW, now)
        return
    exchange.upstream.abort()
    exchange.judgement = None
    exchange.last_words = refusals.hung_engine(endpoint.address, why)
    exchange.elsewhere(AttemptEnding.SLOW, now)


def timed_out(exchange: "Exchange", now: float) -> None:
    """A time-out expired; the dispatcher refuses those in its queue itself."""
    upstream = exchange.upstream
    if exchange.counting is not None:
        exchange.counting.give_up()
        return
    if upstream is None:
        if exchange.recall is not None and now >= exchange.ends_at:
            exchange.recall.late(now)
        return
    endpoint, timeouts = upstream.pool.endpoint, exchange.router.timeouts
    whole = now >= exchange.ends_at
    if exchange.reply is not None:
        if whole:
            slow = refusals.too_slow(endpoint.address, "did not finish", timeouts.total_seconds)
        else:
            silent = f"silent for {timeouts.between_tokens_seconds:g} s"
            exchange.router.desk.table.failed(endpoint, silent)
            slow = refusals.cut(endpoint.address, silent)
        exchange.cut(slow, AttemptEnding.SLOW, now)
        return
    seconds = timeouts.total_seconds if whole else timeouts.first_token_seconds
    if not whole:
        exchange.router.desk.table.failed(endpoint, f"no first token within {seconds:g} s")
    slow = refusals.too_slow(endpoint.address, "did not finish" if whole else "said nothing", seconds)
    upstream.abort()
    exchange.record.failed(AttemptEnding.SLOW, now)
    exchange.end(AttemptEnding.SLOW, None, now)
    exchange.refuse(slow, now)


def broken(exchange: "Exchange") -> None:
    """A bug of the router hit the request: return what it holds, and answer that the router is at fault."""
    if exchange.stage == OVER:
        return
    now, upstream = monotonic(), exchange.upstream
    if upstream is not None:
        upstream.abort()
    if exchange in exchange.router.live:
        _let_go(exchange, now)
    if exchange.reply is None:
        exchange.refuse(refusals.fault(), now)
    else:
        exchange.over(exchange.reply.status, now)
        exchange.client.exchange = None
        exchange.client.abort()


def _let_go(exchange: "Exchange", now: float) -> None:
    if exchange.counting is not None:
        exchange.counting.stop()
    elif exchange.ask.waiting:
        exchange.router.desk.withdraw(exchange.ask, now)
    elif exchange.ask.endpoint is not None:
        exchange.router.desk.ended(exchange.ask, AttemptEnding.FAILED, None, now)

"""A hedge: a second attempt for a stream whose first attempt is slow to begin; the first to bring a byte wins.

The loser's connection is closed, which ends its work in the engine, and what it was charged is returned.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from fairlead.router import engine_errors
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice

if TYPE_CHECKING:
    from fairlead.router.exchange import Exchange

MOVED = ("endpoint", "charged_prompt", "charged_reply", "held_blocks", "pick", "sent_at")
"""Fields of a `RoutingRequest` that belong to the endpoint it is charged to."""


class HedgeAttempt:
    """The second attempt of one exchange, until either attempt wins."""

    __slots__ = ("_ask", "_exchange", "_upstream")

    def __init__(self, exchange: "Exchange", ask: RoutingRequest) -> None:
        self._exchange = exchange
        self._ask = ask
        self._upstream: UpstreamConnection | None = None

    def send(self, now: float) -> None:
        """Send the request to the endpoint that the hedge is charged to."""
        exchange, endpoint = self._exchange, self._ask.endpoint
        assert endpoint is not None
        exchange.record.hedge_sent(endpoint, now)
        pool = exchange.router.pool(endpoint)
        self._upstream = pool.send(self, exchange.message(pool), now)

    def came(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Its first byte decides; an error does not win."""
        reader = upstream.reader
        if reader.head is None or not (reader.payload or reader.done):
            return
        if engine_errors.is_bad(reader.head, reader.payload) or reader.head.status >= 400:
            self.drop(AttemptEnding.FAILED)
        else:
            self.take_over(AttemptEnding.OUTRUN)
            self._exchange.came(upstream, data)

    def whole(self, upstream: UpstreamConnection) -> None:  # noqa: ARG002 - the interface's
        """The response ended without a byte."""
        self._upstream = None
        self.drop(AttemptEnding.FAILED)

    def lost(self, upstream: UpstreamConnection, why: str) -> None:
        """The hedge failed; the first attempt is still in flight."""
        self._upstream = None
        self._exchange.router.desk.table.failed(upstream.pool.endpoint, why, at_once=not upstream.reached)
        self.drop(AttemptEnding.FAILED)

    def broke(self) -> None:
        """A bug of the router ended the hedge; the first attempt is still in flight."""
        self.drop(AttemptEnding.FAILED)

    def drop(self, ending: AttemptEnding) -> None:
        """End the hedge; the exchange continues without it."""
        exchange = self._exchange
        if exchange.rival is not self:
            return
        exchange.rival = None
        if self._upstream is not None:
            self._upstream.abort()
        if self._ask.endpoint is not None:
            exchange.router.desk.table.give_back(self._ask, ending, exchange.router.now())

    def take_over(self, ending: AttemptEnding) -> None:
        """End the first attempt, for this reason; the exchange continues with the hedge."""
        exchange, mine, theirs = self._exchange, self._ask, self._exchange.ask
        now = exchange.router.now()
        if exchange.upstream is not None:
            exchange.upstream.abort()
        for name in MOVED:
            ours = getattr(mine, name)
            setattr(mine, name, getattr(theirs, name))
            setattr(theirs, name, ours)
        exchange.rival, exchange.upstream = None, self._upstream
        exchange.router.desk.table.give_back(mine, ending, now)
        assert theirs.endpoint is not None
        exchange.record.outran(theirs, theirs.endpoint, now)
        if self._upstream is not None:
            self._upstream.asker = exchange


def maybe(exchange: "Exchange", now: float) -> None:
    """Send a hedge, if another endpoint has room and the budget allows."""
    router, ask = exchange.router, exchange.ask
    assert ask.endpoint is not None
    second = replace(
        ask, tried=[*ask.tried, ask.endpoint], endpoint=None, charged_prompt=0, charged_reply=0, owner=None
    )
    table = router.desk.table
    chosen = table.choose(second, now)
    if not isinstance(chosen, EndpointChoice) or chosen.endpoint in second.tried:
        return
    if not router.hedges.maybe_spend():
        router.teller.counts.hedges_denied += 1
        return
    table.charge(second, chosen, now)
    exchange.rival = HedgeAttempt(exchange, second)
    exchange.rival.send(now)

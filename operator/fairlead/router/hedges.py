"""A second attempt beside a slow first one, at another endpoint of the same target; the first byte wins.

The loser's connection is closed, which ends its work in the engine, and its charges are returned.
"""

from math import inf
from typing import Protocol

from fairlead.router.attempt import AttemptOwner, EngineAttempt
from fairlead.router.engine_target import EngineTarget
from fairlead.router.request import Request
from fairlead.router.request_bill import RequestBill
from fairlead.router.wire.responses import ResponseReader
from fairlead.routing.reasons import AttemptEnding


class HedgedRequest(AttemptOwner, Protocol):
    """The owner of a request that may get a hedge."""

    request: Request
    target: EngineTarget
    first: EngineAttempt | None
    second: EngineAttempt | None
    """The hedge."""
    hedge_at: float
    bill: RequestBill | None


def send(hedged_request: HedgedRequest, now: float) -> None:
    """Send a hedge, if another endpoint has room and the budget allows it."""
    hedged_request.hedge_at = inf
    target, request = hedged_request.target, hedged_request.request
    routing = target.charge_hedge(request.routing, now)
    if routing is not None and routing.endpoint is not None:
        pool = target.pool(routing.endpoint)
        hedged_request.second = hedge = EngineAttempt(hedged_request, routing, target.api_of(routing.endpoint))
        request.record.hedge_sent(routing.endpoint, now)
        if hedged_request.bill is not None:
            hedged_request.bill.hedged(target, routing, now)
        hedge.send(pool, request.message(target, pool), now)


def drop(request: HedgedRequest, ending: AttemptEnding, now: float) -> None:
    """End the hedge, if there is one; the first attempt continues without it."""
    hedge, request.second = request.second, None
    if hedge is not None:
        hedge.abort()
        if request.bill is not None:
            request.bill.hedge_over(ending, now)
        request.target.dispatcher.table.give_back(hedge.routing, ending, now)


def wins(request: HedgedRequest, attempt: EngineAttempt, reader: ResponseReader, now: float) -> bool:
    """Whether this attempt's first byte ends the other one; a hedge does not win with an error."""
    if attempt is not request.second:
        drop(request, AttemptEnding.OUTRUN, now)
    elif reader.head is not None and reader.head.status < 400:
        take_over(request, attempt, AttemptEnding.OUTRUN, now)
    else:
        drop(request, AttemptEnding.FAILED, now)
        return False
    return True


def take_over(request: HedgedRequest, hedge: EngineAttempt, ending: AttemptEnding, now: float) -> None:
    """End the first attempt, for this reason; the request continues with the hedge."""
    routing = request.request.routing
    if request.bill is not None:
        request.bill.hedge_won(ending, now)
    if request.first is not None:
        request.first.abort()
    routing.swap_endpoints(hedge.routing)
    request.first, request.second = hedge, None
    request.target.dispatcher.table.give_back(hedge.routing, ending, now)
    assert routing.endpoint is not None
    request.request.record.outran(routing, routing.endpoint, now)

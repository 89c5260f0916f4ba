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


def send(owner: HedgedRequest, now: float) -> None:
    """Send a hedge, if another endpoint has room and the budget allows it."""
    owner.hedge_at = inf
    target, request = owner.target, owner.request
    routing = target.charge_hedge(request.routing, now)
    if routing is not None and routing.endpoint is not None:
        pool = target.pool(routing.endpoint)
        owner.second = hedge = EngineAttempt(owner, routing, target.api_of(routing.endpoint))
        request.record.hedge_sent(routing.endpoint, now)
        if owner.bill is not None:
            owner.bill.hedged(target, routing, now)
        hedge.send(pool, request.message(target, pool), now)


def drop(owner: HedgedRequest, ending: AttemptEnding, now: float) -> None:
    """End the hedge, if there is one; the first attempt continues without it."""
    hedge, owner.second = owner.second, None
    if hedge is not None:
        hedge.abort()
        if owner.bill is not None:
            owner.bill.hedge_over(ending, now)
        owner.target.dispatcher.table.give_back(hedge.routing, ending, now)


def wins(owner: HedgedRequest, attempt: EngineAttempt, reader: ResponseReader, now: float) -> bool:
    """Whether this attempt's first byte ends the other one; a hedge does not win with an error."""
    if attempt is not owner.second:
        drop(owner, AttemptEnding.OUTRUN, now)
    elif reader.head is not None and reader.head.status < 400:
        take_over(owner, attempt, AttemptEnding.OUTRUN, now)
    else:
        drop(owner, AttemptEnding.FAILED, now)
        return False
    return True


def take_over(owner: HedgedRequest, hedge: EngineAttempt, ending: AttemptEnding, now: float) -> None:
    """End the first attempt, for this reason; the request continues with the hedge."""
    routing = owner.request.routing
    if owner.bill is not None:
        owner.bill.hedge_won(ending, now)
    if owner.first is not None:
        owner.first.abort()
    routing.swap_endpoints(hedge.routing)
    owner.first, owner.second = hedge, None
    owner.target.dispatcher.table.give_back(hedge.routing, ending, now)
    assert routing.endpoint is not None
    owner.request.record.outran(routing, routing.endpoint, now)

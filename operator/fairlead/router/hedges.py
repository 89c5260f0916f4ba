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
    hedge_at: float
    bill: RequestBill | None

    @property
    def first(self) -> EngineAttempt | None:
        """The attempt that leads."""

    @property
    def second(self) -> EngineAttempt | None:
        """The hedge."""

    def add_hedge(self, hedge: EngineAttempt) -> None:
        """Set a hedge beside the first attempt."""

    def take_hedge(self) -> EngineAttempt | None:
        """Remove the hedge, if there is one, and return it to be ended."""

    def promote_hedge(self) -> None:
        """Let the hedge lead: the former first attempt has ended."""


def send(owner: HedgedRequest, now: float) -> None:
    """Send a hedge, if another endpoint has room and the budget allows it."""
    owner.hedge_at = inf
    target, request = owner.target, owner.request
    routing = target.charge_hedge(request.routing, now)
    if routing is not None and routing.endpoint is not None:
        pool = target.pool(routing.endpoint)
        hedge = EngineAttempt(owner, routing, target.api_of(routing.endpoint))
        owner.add_hedge(hedge)
        request.record.hedge_sent(routing.endpoint, now)
        if owner.bill is not None:
            owner.bill.hedged(target, routing, now)
        hedge.send(pool, request.message(target, pool), now)


def drop(owner: HedgedRequest, ending: AttemptEnding, now: float) -> None:
    """End the hedge, if there is one; the first attempt continues without it."""
    hedge = owner.take_hedge()
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
        if owner.first is not None:
            owner.first.abort()
        take_over(owner, attempt, AttemptEnding.OUTRUN, now)
    else:
        drop(owner, AttemptEnding.FAILED, now)
        return False
    return True


def take_over(owner: HedgedRequest, hedge: EngineAttempt, ending: AttemptEnding, now: float) -> None:
    """Close the first attempt, which has ended for this reason; the request continues with the hedge."""
    routing = owner.request.routing
    if owner.bill is not None:
        owner.bill.hedge_won(ending, now)
    owner.promote_hedge()
    routing.swap_endpoints(hedge.routing)
    owner.target.dispatcher.table.give_back(hedge.routing, ending, now)
    assert routing.endpoint is not None
    owner.request.record.outran(routing, routing.endpoint, now)

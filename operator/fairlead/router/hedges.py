"""A second attempt beside a slow first one, at another endpoint of the same target; the first byte wins.

The loser's connection is closed, which ends its work in the engine, and its charges are returned.
"""

from dataclasses import replace
from typing import Protocol

from fairlead.router.attempt import AttemptOwner, EngineAttempt
from fairlead.router.engine_messages import EngineMessages
from fairlead.router.engine_target import EngineTarget
from fairlead.router.request_bill import RequestBill
from fairlead.router.wire.responses import ResponseReader
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice


class HedgedRequest(AttemptOwner, Protocol):
    """The owner of a request that may get a hedge."""

    @property
    def messages(self) -> EngineMessages:
        """What the target's engines get."""

    @property
    def target(self) -> EngineTarget:
        """The target that serves it."""

    @property
    def bill(self) -> RequestBill | None:
        """Its cost, if counted."""

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
    target, request = owner.target, owner.request
    routing = _charged(target, request.routing, now)
    if routing is not None and routing.endpoint is not None:
        pool = target.pool(routing.endpoint)
        hedge = EngineAttempt(owner, routing, target.api_of(routing.endpoint))
        owner.add_hedge(hedge)
        request.record.hedge_sent(routing.endpoint, now)
        if owner.bill is not None:
            owner.bill.hedged(target, routing, now)
        hedge.send(pool, owner.messages.message(pool), now)


def _charged(target: EngineTarget, routing: RoutingRequest, now: float) -> RoutingRequest | None:
    """Copy a request and charge the copy to another endpoint, if one has room and the budget allows it."""
    assert routing.endpoint is not None
    tried = [*routing.tried, routing.endpoint]
    second = replace(routing, tried=tried, endpoint=None, charged_prompt=0, charged_reply=0, owner=None)
    table = target.dispatcher.table
    chosen = table.choose(second, now)
    if not isinstance(chosen, EndpointChoice) or chosen.endpoint in tried or not target.spend_hedge():
        return None
    table.charge(second, chosen, now)
    return second


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
    if ending is not AttemptEnding.OUTRUN:
        assert routing.endpoint is not None
        routing.tried.append(routing.endpoint)  # as a retry would: what failed it does not get it again
    routing.swap_endpoints(hedge.routing)
    owner.target.dispatcher.table.give_back(hedge.routing, ending, now)
    assert routing.endpoint is not None
    owner.request.record.outran(routing, routing.endpoint, now)

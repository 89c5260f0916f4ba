"""How many may wait, for how long, and what those are told who may not.

Two kinds of waiting share the same queues, so that order and fairness hold across a gap. While replicas are there but
busy it is a queue: bounded by `limits`, and too many are told 429, since they came too fast. While no replica can be
asked (none started yet, a rollout, a failover) it is holding: bounded by `hold`, and too many are told 503, since it
is not their fault. Both are bounded in number, in time, and together in bytes of bodies kept.
"""

from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.plurals import count, verb
from fairlead.fleet.tenants import Lane
from fairlead.routing.lanes import LaneQueue
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

HELD_AGAIN: Final = 10.0
"""Seconds after which coming again makes sense while no replica is there: engines take tens of seconds to start."""
SOONEST: Final = 1.0
LATEST: Final = 60.0
"""Bounds of what is said to those that found the queue full: HTTP's clients wait whole seconds, people a minute."""


class DispatchRate:
    """How fast the queue moves: turns a second over the last ten seconds or so."""

    __slots__ = ("_at", "_turns", "per_second", "turns")

    def __init__(self) -> None:
        self.turns = 0
        """Since the start."""
        self.per_second = 0.0
        self._at = 0.0
        self._turns = 0

    def look(self, now: float) -> None:
        """Once every sweep."""
        seconds = now - self._at
        if seconds >= SOONEST:
            rate = (self.turns - self._turns) / seconds
            weight = min(seconds / 10.0, 1.0)
            self.per_second += (rate - self.per_second) * weight
            self._at, self._turns = now, self.turns

    def seconds_for(self, waiting: int) -> float:
        """Until so many had their turn."""
        if not self.per_second:
            return SOONEST
        return min(max(waiting / self.per_second, SOONEST), LATEST)


def most_waiting(routing: RoutingSettings, lane: Lane, *, held: bool) -> int:
    """Batch work has a bound of its own; the other lanes share one."""
    if lane is Lane.BATCH and routing.batch_lane is not None:
        return routing.batch_lane.max_queued
    return routing.hold.max_requests if held else routing.limits.max_queued


def deadline(
    ask: RoutingRequest, lane: LaneQueue, routing: RoutingSettings, held_since: float | None, there_since: float
) -> float:
    """When it has waited long enough. Time in a queue begins anew when replicas are there again, once."""
    hold = routing.hold.max_seconds
    if held_since is not None:
        by_then = max(ask.queued_at, held_since) + hold
    else:
        by_then = max(ask.queued_at, there_since) + lane.most_seconds
    return min(by_then, ask.queued_at + hold + lane.most_seconds, ask.give_up_at)


def full(waiting: int, again: float) -> Refusal:
    """The queue has no place."""
    return Refusal(
        reason=RefusalReason.QUEUE_FULL,
        message=f"The queue is full, {count(waiting, 'request')} {verb(waiting, 'waits')} in it: "
        f"send the request again in {again:.0f} s.",
        retry_after_seconds=again,
    )


def too_many_held(waiting: int) -> Refusal:
    """No replica, and no place to wait for one."""
    return Refusal(
        reason=RefusalReason.NO_REPLICA,
        message=f"No replica is ready, and {count(waiting, 'request')} {verb(waiting, 'waits')} for one, "
        f"which is the limit: send the request again in {HELD_AGAIN:.0f} s.",
        retry_after_seconds=HELD_AGAIN,
    )


def too_late(ask: RoutingRequest, now: float, again: float, *, held: bool) -> Refusal:
    """It waited as long as it may."""
    waited = now - ask.queued_at
    if held:
        message = f"No replica was ready within {waited:.0f} s: send the request again in {HELD_AGAIN:.0f} s."
        return Refusal(reason=RefusalReason.NO_REPLICA, message=message, retry_after_seconds=HELD_AGAIN)
    return Refusal(
        reason=RefusalReason.QUEUE_TIME,
        message=f"All replicas were busy for {waited:.0f} s, the longest wait in the {ask.lane} lane: "
        f"send the request again in {again:.0f} s.",
        retry_after_seconds=again,
    )

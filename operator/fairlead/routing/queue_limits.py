"""How many requests may wait, for how long, and how the others are refused.

Two kinds of waiting share the queues, so that order and fairness survive a gap. While replicas are routable but busy,
requests are queued: `limits` bounds them, and surplus ones get 429, since they came too fast. While no replica is
routable (none started yet, a rollout, a failover), requests are held: `hold` bounds them, and surplus ones get 503,
since clients did nothing wrong. Both are bounded in number, in time, and together in bytes of bodies.
"""

from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.plurals import count, verb
from fairlead.fleet.tenants import Lane
from fairlead.routing.lanes import LaneAvailability, LaneQueue
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

HELD_AGAIN: Final = 10.0
"""Retry-After in seconds while no replica is routable: engines take tens of seconds to start."""
SOONEST: Final = 1.0
LATEST: Final = 60.0
"""Bounds of Retry-After when the queue is full: HTTP clients wait whole seconds, people a minute."""


class DispatchRate:
    """Dispatches a second over roughly the last ten seconds."""

    __slots__ = ("_at", "_turns", "per_second", "turns")

    def __init__(self) -> None:
        self.turns = 0
        """Dispatches since the start."""
        self.per_second = 0.0
        self._at = 0.0
        self._turns = 0

    def observe(self, now: float) -> None:
        """Update the rate: on every sweep."""
        seconds = now - self._at
        if seconds >= SOONEST:
            rate = (self.turns - self._turns) / seconds
            weight = min(seconds / 10.0, 1.0)
            self.per_second += (rate - self.per_second) * weight
            self._at, self._turns = now, self.turns

    def seconds_for(self, waiting: int) -> float:
        """Return the seconds until this many requests are dispatched."""
        if not self.per_second:
            return SOONEST
        return min(max(waiting / self.per_second, SOONEST), LATEST)


def max_waiting(routing: RoutingSettings, lane: Lane, *, held: bool) -> int:
    """Return a lane's limit: the batch lane has its own; the other lanes share one."""
    if lane is Lane.BATCH and routing.batch_lane is not None:
        return routing.batch_lane.max_queued
    return routing.hold.max_requests if held else routing.limits.max_queued


def deadline(
    request: RoutingRequest, lane: LaneQueue, routing: RoutingSettings, held_since: float | None, there_since: float
) -> float:
    """Return when a request's queue time ends. It restarts once, when replicas are routable again."""
    hold = routing.hold.max_seconds
    if held_since is not None:
        by_then = max(request.queued_at, held_since) + hold
    else:
        by_then = max(request.queued_at, there_since) + lane.max_wait_seconds
    return min(by_then, request.queued_at + hold + lane.max_wait_seconds, request.give_up_at)


def name_of(lane: Lane) -> str:
    """Name the queue that counts towards the limit of this lane."""
    return "The queue of the batch lane" if lane is Lane.BATCH else "The queue"


def full(queue: str, waiting: int, again: float) -> Refusal:
    """Build the refusal for a full queue."""
    return Refusal(
        reason=RefusalReason.QUEUE_FULL,
        message=f"{queue} is full, {count(waiting, 'request')} {verb(waiting, 'waits')} in it: "
        f"send the request again in {again:.0f} s.",
        retry_after_seconds=again,
    )


def too_many_bytes(waiting: int, more: int, most: int, again: float) -> Refusal:
    """Build the refusal if the bodies of waiting requests would exceed their limit with one more request."""
    return Refusal(
        reason=RefusalReason.QUEUE_FULL,
        message=f"Waiting requests hold {_mib(waiting)} MiB, and one of {_mib(more)} MiB came; at most {_mib(most)} "
        f"MiB may wait in this router: send the request again in {again:.0f} s.",
        retry_after_seconds=again,
    )


def too_many_held(waiting: int) -> Refusal:
    """Build the refusal if no replica is routable and no more requests may be held."""
    return Refusal(
        reason=RefusalReason.NO_REPLICA,
        message=f"No replica is ready, and {count(waiting, 'request')} {verb(waiting, 'waits')} for one, "
        f"which is the limit: send the request again in {HELD_AGAIN:.0f} s.",
        retry_after_seconds=HELD_AGAIN,
    )


def beyond_objective(objective: float, again: float) -> Refusal:
    """Build the refusal if the first token would miss the objective, and late requests are refused."""
    return Refusal(
        reason=RefusalReason.TOO_LATE,
        message=f"Too many requests at once: the first token would come later than {objective:g} s, the objective "
        f"here: send the request again in {again:.0f} s.",
        retry_after_seconds=again,
    )


def router_leaving() -> Refusal:
    """Build the refusal for batch work that waits in a router that drains: its place in the queue is lost."""
    return Refusal(
        reason=RefusalReason.ROUTER_LEAVING,
        message="This router is shutting down, and batch work still waited in it: send the request again, "
        "another router takes it.",
        retry_after_seconds=SOONEST,
    )


def too_late(request: RoutingRequest, now: float, again: float, lane: LaneQueue | None) -> Refusal:
    """Build the refusal for a request that has waited as long as it may in its lane; None if it was held."""
    waited = now - request.queued_at
    if lane is None:
        message = f"No replica was ready within {waited:.0f} s: send the request again in {HELD_AGAIN:.0f} s."
        return Refusal(reason=RefusalReason.NO_REPLICA, message=message, retry_after_seconds=HELD_AGAIN)
    return Refusal(
        reason=RefusalReason.QUEUE_TIME,
        message=f"{_blocked_by(request, lane)}; this request waited {waited:.0f} s, "
        f"{_longest_wait(request, lane, now)}: send it again in {again:.0f} s.",
        retry_after_seconds=again,
    )


def _mib(size: int) -> str:
    return f"{size / 2**20:.3g}"


def _blocked_by(request: RoutingRequest, lane: LaneQueue) -> str:
    """Say what it waited for, as of the latest turns: its tenant, its lane, its band or a replica."""
    account = request.account
    if account.is_at_limit:
        return (
            f"Tenant {account.name} has {count(account.inflight, 'request')} in flight, "
            "all that its maxConcurrency allows in this router"
        )
    if lane.availability is LaneAvailability.CAPPED:
        if lane.lane is Lane.LONG:
            return "Long jobs have all of the fleet that the lane's maxShare allows"
        return "The fleet is too busy to start batch work, by the lane's belowUtilization"
    if lane.availability is LaneAvailability.FREE and lane.bands.of(account.rank).is_capped:
        return "What is free of the fleet is reserved for bands of higher priority"
    return "No replica had room"


def _longest_wait(request: RoutingRequest, lane: LaneQueue, now: float) -> str:
    if now >= request.give_up_at:
        return "until its total time-out"
    return f"the longest wait in the {lane.lane} lane"

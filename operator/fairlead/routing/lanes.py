"""Which lane a request belongs to, which lane is served next, and how much of the fleet each may take.

Interactive work goes first. Long jobs (a long prompt, or a long reply by `max_tokens`) take at most `max_share` of the
fleet: of its KV cache and sequence slots, and of its engines during prefill, since a long prompt slows its whole
engine. While both wait, long jobs are owed half of that share of the turns, in tokens; one that has waited half of its
queue time goes before all others, whether there is room or not, so that endless interactive work cannot starve it.
Batch work starts only while the fleet's occupancy is below `below_utilization` and no other lane can use the capacity:
it may starve, and is then refused with `queue_time`. A running request is never stopped for another one.
"""

from enum import Enum, auto
from math import inf
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Lane
from fairlead.routing.accounts import ordered
from fairlead.routing.band_shares import BandShares
from fairlead.routing.bands import BandQueue, Bands
from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.occupancy import Occupancy
from fairlead.routing.routing_request import RoutingRequest

HALF: Final = 0.5
SLACK: Final = 1e-9
"""Tolerance for rounding: a tenth of ten slots is one slot, in binary fractions too."""


class LaneAvailability(Enum):
    """Whether a new request may try for an endpoint at once, or must queue."""

    FREE = auto()
    CAPPED = auto()
    """The lane has its share of the fleet in flight."""
    FULL = auto()
    """No endpoint has room for the next request."""


class LaneQueue:
    """All waiting requests of one lane."""

    __slots__ = ("availability", "bands", "inflight", "lane", "max_wait_seconds", "prefilling", "tokens")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.bands = Bands(())
        self.availability = LaneAvailability.FREE
        self.max_wait_seconds = inf
        self.inflight = 0
        self.tokens = 0
        """Tokens of the lane's requests in flight, prompt and expected reply; counted only in the long lane."""
        self.prefilling = 0
        """The lane's requests in flight without a first token; counted only in the long lane."""


class LaneScheduler:
    """All lanes of one router."""

    __slots__ = (
        "_batch_below",
        "_long_share",
        "_owed",
        "_routing",
        "all",
        "batch",
        "interactive",
        "long",
        "long_job_overdue",
    )

    def __init__(self) -> None:
        self.interactive = LaneQueue(Lane.INTERACTIVE)
        self.long = LaneQueue(Lane.LONG)
        self.batch = LaneQueue(Lane.BATCH)
        self.all = (self.interactive, self.long, self.batch)
        self.long_job_overdue = False
        """Whether a long job has waited so long that no other request may go before it."""
        self._owed = 0.0
        """Tokens that the long lane is owed."""
        self._routing = RoutingSettings()
        self._long_share = self._batch_below = 1.0

    def take(self, routing: RoutingSettings, outlook: FirstTokenOutlook | None = None) -> list[RoutingRequest]:
        """Apply other settings; return the waiting requests, oldest first, to be queued again.

        With an outlook, interactive work is ordered by what can still be in time; objectives do not apply to the other
        lanes.
        """
        waiting = [request for lane in self.all for queue in lane.bands.queues for request in queue.requests]
        bands = ordered(routing.bands)
        for lane in self.all:
            lane.bands = Bands(bands, outlook if lane is self.interactive else None)
            lane.availability = LaneAvailability.FREE
        long, batch = routing.long_lane, routing.batch_lane
        seconds = routing.limits.max_queue_seconds
        self.interactive.max_wait_seconds = inf if seconds is None else seconds
        self.long.max_wait_seconds = long.max_queue_seconds if long else self.interactive.max_wait_seconds
        self.batch.max_wait_seconds = batch.max_queue_seconds if batch else self.interactive.max_wait_seconds
        self._routing, self.long_job_overdue, self._owed = routing, False, 0.0
        self._long_share = long.max_share if long else 1.0
        self._batch_below = batch.below_utilization if batch else 1.0
        return sorted(waiting, key=_queued_at)

    def of(self, request: RoutingRequest) -> LaneQueue:
        """Return the lane for this request; one that is not configured falls back to interactive."""
        routing = self._routing
        if request.batch and routing.batch_lane is not None:
            return self.batch
        long = routing.long_lane
        if long is not None and (
            request.input_tokens >= long.min_prompt_tokens
            or (request.names_output and request.answer_tokens >= long.min_output_tokens)
        ):
            return self.long
        return self.interactive

    def named(self, lane: Lane) -> LaneQueue:
        """Return the queue of the lane that a request was put in before."""
        if lane is Lane.INTERACTIVE:
            return self.interactive
        return self.long if lane is Lane.LONG else self.batch

    def sharing(self, lane: LaneQueue) -> tuple[LaneQueue, ...]:
        """Return the lanes that share one limit with this lane."""
        return (self.batch,) if lane is self.batch else (self.interactive, self.long)

    def waiting(self, lane: LaneQueue) -> int:
        """Return the waiting requests of all these lanes."""
        return sum(one.bands.waiting for one in self.sharing(lane))

    def shares(self, lane: LaneQueue, rank: int) -> BandShares:
        """Return what the tenants of this band have waiting in the lanes that share one limit."""
        return BandShares([one.bands.of(rank) for one in self.sharing(lane)])

    def shares_below(self, lane: LaneQueue, rank: int) -> list[BandShares]:
        """Return the same of each lower band, the lowest first."""
        return [self.shares(lane, lower) for lower in range(len(lane.bands.queues) - 1, rank, -1)]

    def turns(self) -> list[LaneQueue]:
        """Return lanes with waiting requests, in the order to serve them."""
        order = (self.long, self.interactive, self.batch) if self._long_first() else self.all
        return [lane for lane in order if lane.bands.waiting]

    def _long_first(self) -> bool:
        if self.long_job_overdue:
            return True
        if not self._owed:
            return False
        job = self._next_job()
        return job is not None and job.expected_tokens <= self._owed

    def _next_job(self) -> RoutingRequest | None:
        """Return the long job whose turn is next."""
        bands = self.long.bands.turns()
        queue = bands[0].first() if bands else None
        return None if queue is None else queue.next

    def served(self, lane: LaneQueue, cost: int) -> None:
        """Account for a turn of this cost."""
        if lane is self.long:
            self._owed = max(self._owed - cost, 0.0)
            self.long_job_overdue = False
        elif lane is self.interactive:
            waits = self.long.bands.waiting
            self._owed = self._owed + cost * self._long_share * HALF if waits else 0.0

    def may_start(self, lane: LaneQueue, request: RoutingRequest, occupancy: Occupancy, inflight: int) -> bool:
        """Return whether the lane's share of the fleet allows one more request."""
        if lane is self.interactive:
            return True
        if lane is self.batch:
            return occupancy.used(inflight) < self._batch_below
        if lane.inflight == 0:
            return True
        share = self._long_share
        return (
            lane.inflight + 1 <= max(share * occupancy.slots + SLACK, 1)
            and lane.prefilling < max(int(share * occupancy.endpoints + SLACK), 1)
            and (not occupancy.kv_tokens or lane.tokens + request.expected_tokens <= share * occupancy.kv_tokens)
        )

    def observe(self, now: float) -> None:
        """Set whether the next long job goes before all others, before any turn: while others wait that a full fleet
        has no room for, the long lane has none."""
        if self._routing.long_lane is not None:
            job = self._next_job()
            self.long_job_overdue = job is not None and self._has_waited(job, now)

    def past(self, lane: LaneQueue, request: RoutingRequest, now: float) -> None:
        """Record that a request found no room; a long job holds up the others if it has waited long enough."""
        if lane is self.long:
            self.long_job_overdue = self._has_waited(request, now)

    def _has_waited(self, job: RoutingRequest, now: float) -> bool:
        return now - job.queued_at >= self.long.max_wait_seconds * HALF

    def withdrawn(self, lane: LaneQueue) -> None:
        """Reset the lane's block when its last waiting request left, so that new ones need not queue."""
        if not lane.bands.waiting:
            lane.availability = LaneAvailability.FREE
            if lane is self.long and self.long_job_overdue:
                self.long_job_overdue = False
                self.open()

    def open(self) -> None:
        """Let new requests try for an endpoint; the next dispatch sets the blocks again."""
        for lane in self.all:
            lane.availability = LaneAvailability.FREE

    @staticmethod
    def leaves_reserve(queue: BandQueue, occupancy: Occupancy, inflight: int) -> bool:
        """Return whether one more request of this band leaves the capacity that higher bands reserve."""
        return not queue.reserved_above or occupancy.used(inflight + 1) <= 1 - queue.reserved_above + SLACK


def _queued_at(request: RoutingRequest) -> float:
    return request.queued_at

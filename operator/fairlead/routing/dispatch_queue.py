"""All waiting requests, in all lanes: which are queued, which are pushed out, and which have waited too long.

When the queue is full, a new request gets a slot only from a tenant that has more of them for its weight, or from a
lower band; the newest request there is then refused. A flood thus fills the queue with its own requests and never keeps
others out. The same holds for the bytes of bodies, where batch work also loses to all others. Waiting requests are
counted only here.
"""

from collections.abc import Sequence

from fairlead.fleet.gateways import LateAction, RoutingSettings
from fairlead.routing import outranked_bodies, queue_limits
from fairlead.routing.band_shares import BandShares
from fairlead.routing.bands import BandQueue
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.lanes import LaneQueue, LaneScheduler
from fairlead.routing.parked_queues import ParkedQueues
from fairlead.routing.queue_deadlines import QueueDeadlines
from fairlead.routing.queue_limits import DispatchRate
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest


class DispatchQueue:
    """The queue of one router."""

    __slots__ = (
        "_deadlines",
        "_held_since",
        "_max_bytes",
        "_refused",
        "_routing",
        "_there_since",
        "_unlimited",
        "bytes",
        "lanes",
        "outlook",
        "pace",
        "parked",
        "waiting",
    )

    def __init__(self, parked: ParkedQueues, outlook: FirstTokenOutlook) -> None:
        self.outlook = outlook
        self.lanes = LaneScheduler()
        self.pace = DispatchRate()
        self.waiting = 0
        """Waiting requests of all lanes, including those refused but not yet returned by `maybe_refused`."""
        self._refused: dict[RoutingRequest, Refusal] = {}
        """Requests that were pushed out or waited too long; `maybe_refused` returns them at the next dispatch."""
        self._routing = RoutingSettings()
        self.parked = parked
        """`Tenancy.parked`; may hold queues of other dispatchers."""
        self.bytes = 0
        """Size of all waiting requests' bodies."""
        self._max_bytes = 0
        self._deadlines = QueueDeadlines()
        self._unlimited: dict[RoutingRequest, None] = {}
        """Requests that were queued whatever the limits; `limit` applies these to those that still wait."""
        self._held_since: float | None = None
        self._there_since = 0.0

    @property
    def holds(self) -> bool:
        """Whether no replica was routable when last observed."""
        return self._held_since is not None

    @property
    def held(self) -> int:
        """Requests that wait because no replica is routable."""
        return self.waiting if self._held_since is not None else 0

    def take(self, config: DispatcherConfig) -> None:
        """Apply other settings. All requests keep waiting, in order, even if they exceed the new limit."""
        self._routing, self._max_bytes = config.routing, config.max_waiting_bytes
        outlook = self.outlook
        outlook.objective_seconds = config.first_token_seconds
        outlook.refuses = config.routing.limits.late is LateAction.REFUSE
        outlook.given_up.clear()
        outlook.waiting = 0
        self.parked.forget([queue for lane in self.lanes.all for queue in lane.bands.queues])
        for request in self.lanes.take(config.routing, outlook if config.first_token_seconds is not None else None):
            request.lane = self.lanes.of(request).lane
            self._queue(request).add(request)
        self._date_all()

    def observe(self, now: float, *, routable: bool) -> None:
        """Update the dispatch rate and whether requests are held: on every sweep, and when endpoints come or go."""
        self.pace.observe(now)
        if routable and self._held_since is not None:
            self._held_since, self._there_since = None, now
            self._date_all()
        elif not routable and self._held_since is None:
            self._held_since = now
            self._date_all()

    # Queueing requests

    def add(self, request: RoutingRequest, lane: LaneQueue, now: float, *, limited: bool = True) -> Refusal | None:
        """Queue the request, or return why it is refused. If not `limited`, a slot may be free for it or for one that
        waits, so limits apply after the next turns."""
        self.outlook.now = now
        refused = self._no_place(request, lane) if limited else None
        if refused is not None:
            return refused
        if not limited:
            self._unlimited[request] = None
        request.queued_at = now
        self._enqueue(request, first=False)
        self._refuse_late()
        refused = self._refused.pop(request, None)
        if refused is not None:
            self._delivered(request)
        return refused

    def limit(self, now: float) -> None:
        """Refuse those that were queued beyond the limits and still wait, or what they push out: as if they came now,
        one after the other."""
        beyond: list[RoutingRequest] = []
        for request in reversed(list(self._unlimited)):
            if (line := request.queue) is not None and self._is_beyond(request, self.lanes.named(request.lane)):
                line.withdraw(request)
                self._uncount(request)
                beyond.append(request)
        for request in reversed(beyond):
            lane = self.lanes.named(request.lane)
            refused = self.add(request, lane, now)
            if refused is not None:
                self.lanes.withdrawn(lane)
                self._deliver_later(request, refused)
        self._unlimited.clear()

    def add_again(self, request: RoutingRequest, now: float) -> None:
        """Queue a request whose engine failed it: before its tenant's others, even if there is no space."""
        self.outlook.now = now
        request.queued_at = request.queued_at or now
        self._enqueue(request, first=True)

    def _enqueue(self, request: RoutingRequest, *, first: bool) -> None:
        request.waiting = True
        self.waiting += 1
        request.count_queued(1)
        self.bytes += request.body_bytes
        self._queue(request).add(request, first=first)
        self._date(request)

    def _no_place(self, request: RoutingRequest, lane: LaneQueue) -> Refusal | None:
        lacking = self.bytes + request.body_bytes - self._max_bytes
        if lacking <= 0:
            return self._no_slot(request, lane)
        bodies = outranked_bodies.by(request, lane, self.lanes)
        full = queue_limits.too_many_bytes(self.bytes, request.body_bytes, self._max_bytes, self._again)
        refused = full if bodies.bytes < lacking else self._no_slot(request, lane)
        if refused is None:
            for one in bodies.until_free(self.bytes + request.body_bytes - self._max_bytes):
                self._lose(one, full)
        return refused

    def _is_beyond(self, request: RoutingRequest, lane: LaneQueue) -> bool:
        """Return whether there is more than the limits allow where this request waits."""
        own = lane.bands.of(request.account.rank)
        return (
            self.bytes > self._max_bytes
            or self.lanes.waiting(lane) > self._places(lane)
            or (own.max_waiting is not None and self.lanes.shares(lane, own.rank).waiting > own.max_waiting)
        )

    def _places(self, lane: LaneQueue) -> int:
        return queue_limits.max_waiting(self._routing, lane.lane, held=self.holds)

    def _no_slot(self, request: RoutingRequest, lane: LaneQueue) -> Refusal | None:
        own = lane.bands.of(request.account.rank)
        most = own.max_waiting
        if most is not None and (in_band := self.lanes.shares(lane, own.rank).waiting) >= most:
            full = queue_limits.full(f"The queue of band {own.name}", in_band, self._again)
            return None if self._pushed_out(request, lane, (), full) else full
        if (waiting := self.lanes.waiting(lane)) < self._places(lane):
            return None
        full = queue_limits.full(queue_limits.name_of(lane.lane), waiting, self._again)
        if self._pushed_out(request, lane, self.lanes.shares_below(lane, own.rank), full):
            return None
        return queue_limits.too_many_held(waiting) if self.holds else full

    @property
    def _again(self) -> float:
        return self.pace.seconds_for(self.waiting)

    def _pushed_out(self, request: RoutingRequest, lane: LaneQueue, lower: Sequence[BandShares], full: Refusal) -> bool:
        """Push another request out, if possible: lowest band first, then the tenant with most for its weight, then its
        own tenant's latest one that can no longer be in time."""
        account = request.account
        equal = self.lanes.shares(lane, account.rank)
        for band in (*lower, equal):
            found = band.longest()
            if found is not None and (band is not equal or found[0] > equal.part(account)):
                self._lose(found[1], full)
                return True
        late = lane.bands.of(account.rank).newest_late(account)
        if late is not None:
            self._lose(late, full)
        return late is not None

    # Requests that leave the queue

    def withdraw(self, request: RoutingRequest) -> None:
        """Remove a request from the queue."""
        line = request.queue
        if line is not None:
            line.withdraw(request)
            self.left(request)
        elif self._refused.pop(request, None) is not None:
            self._delivered(request)
        else:
            raise AssertionError("a request that does not wait is withdrawn")

    def left(self, request: RoutingRequest) -> None:
        """Update the counts after a request left its queue for good."""
        self._uncount(request)
        self.lanes.withdrawn(self.lanes.named(request.lane))

    def _uncount(self, request: RoutingRequest) -> None:
        """Take it from the counts: the only place where they go down. Its lane stays blocked as it is."""
        request.waiting = False
        self._unlimited.pop(request, None)
        self.waiting -= 1
        request.count_queued(-1)
        self.bytes -= request.body_bytes

    def _lose(self, request: RoutingRequest, refused: Refusal) -> None:
        """Refuse a queued request. The refusal is not delivered yet, so its exchange may still withdraw it."""
        self.withdraw(request)
        self._deliver_later(request, refused)

    def _deliver_later(self, request: RoutingRequest, refused: Refusal) -> None:
        request.waiting = True
        self.waiting += 1
        self._refused[request] = refused

    def _delivered(self, request: RoutingRequest) -> None:
        request.waiting = False
        self.waiting -= 1

    # Refused requests

    def maybe_refused(self) -> tuple[RoutingRequest, Refusal] | None:
        """Return a request that was pushed out or waited too long, and its refusal."""
        if not self._refused:
            return None
        request = next(iter(self._refused))
        self._delivered(request)
        return request, self._refused.pop(request)

    def expire(self, now: float) -> None:
        """Refuse requests whose queue time is over, and those that can no longer be in time."""
        self._refuse_late()
        for request in self._deadlines.past(now):
            if self._deadline(request) <= now:
                lane = None if self.holds else self.lanes.named(request.lane)
                self._lose(request, queue_limits.too_late(request, now, self._again, lane))

    def refuse_batch(self) -> None:
        """Refuse all batch work: its router drains, and cannot wait for it as long as it may."""
        for queue in self.lanes.batch.bands.queues:
            for request in list(queue.requests):
                self._lose(request, queue_limits.router_leaving())

    def _refuse_late(self) -> None:
        """Refuse those that can no longer be in time, if configured; not those that were held."""
        given_up = self.outlook.given_up
        if not given_up:
            return
        no = queue_limits.beyond_objective(self.outlook.objective_seconds or 0.0, self._again)
        for request in given_up:
            if request.queue is not None and self._held_since is None and request.queued_at >= self._there_since:
                self._lose(request, no)
        given_up.clear()

    def _date(self, request: RoutingRequest) -> None:
        """Record when its queue time ends."""
        if self._deadlines.has_stale(self.waiting):
            self._date_all()
        self._deadlines.add(self._deadline(request), request)

    def _date_all(self) -> None:
        """Recompute every deadline: replicas came or went, or the limits changed."""
        every = (request for lane in self.lanes.all for queue in lane.bands.queues for request in queue.requests)
        self._deadlines.replace((self._deadline(request), request) for request in every)

    def oldest(self, lane: LaneQueue) -> float | None:
        """Return when the longest waiting request was queued, without those known to be late."""
        every = (request for queue in lane.bands.queues for request in queue.requests)
        return min((request.queued_at for request in every if not request.late), default=None)

    def _deadline(self, request: RoutingRequest) -> float:
        lane = self.lanes.named(request.lane)
        return queue_limits.deadline(request, lane, self._routing, self._held_since, self._there_since)

    def _queue(self, request: RoutingRequest) -> BandQueue:
        return self.lanes.named(request.lane).bands.of(request.account.rank)

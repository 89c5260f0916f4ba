"""Which waiting request is dispatched next, lane by lane and band by band, and whether an endpoint has room for it.

A request without room blocks those queued after it, or a large request would never find enough room at once. Others may
pass only a request that waits for an adapter's engines or its tenant's concurrency, or whose tenant has more than its
share in flight.
"""

from typing import Final

from fairlead.routing.bands import BandQueue
from fairlead.routing.dispatch_queue import DispatchQueue
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.fair_queue import TenantQueue
from fairlead.routing.lanes import LaneAvailability, LaneQueue
from fairlead.routing.occupancy import Occupancy
from fairlead.routing.queue_limits import HELD_AGAIN
from fairlead.routing.queue_place import ASIDE, GIVING_WAY, IN_HEAP, PARKED, QueuePlace
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice, NoCandidate, has_room

SPARE_BELOW: Final = 0.6
"""Occupancy of the fleet above which it has no room to spare for requests that are late anyway."""
Dispatch = tuple[RoutingRequest, EndpointChoice | Refusal]


class DispatchOrder:
    """Returns the next request to dispatch; called until there is none."""

    __slots__ = ("_gave_way", "_occupancy", "_queue", "_table")

    def __init__(self, queue: DispatchQueue, table: EndpointTable, occupancy: Occupancy) -> None:
        self._queue = queue
        self._table = table
        self._occupancy = occupancy
        self._gave_way: list[tuple[LaneQueue, BandQueue]] = []
        """Bands that may start one more request, whose late ones left this turn to others of theirs, which had none in
        time."""

    def next(self, inflight: int, now: float) -> Dispatch | None:
        """Return a request to dispatch with its endpoint or refusal; `inflight` counts all lanes' requests."""
        lanes = self._queue.lanes
        self._gave_way.clear()
        lanes.open()
        lanes.observe(now)
        for lane in lanes.turns():
            for queue in lane.bands.turns():
                turn = self._in_band(lane, queue, inflight, now)
                if turn is not None:
                    return turn
                if lane.availability is not LaneAvailability.FREE:
                    break
            if lane.availability is LaneAvailability.FULL and self._ends_here(lane):
                break
        return None

    @property
    def waits_for_first_tokens(self) -> bool:
        """Whether a first token may make room for a waiting request: engines get the next prompt when one is done."""
        return self._queue.waiting > 0 and self._queue.outlook.is_learnt

    def may_be_next(self, request: RoutingRequest) -> bool:
        """Return whether a newly queued request may be dispatched now: those before it may all be late."""
        block = self._queue.lanes.named(request.lane).availability
        return self._queue.outlook.is_learnt and block is LaneAvailability.FREE

    def keeps_waiting(self, request: RoutingRequest, lane: LaneQueue) -> bool:
        """Return whether others may go before this new one: its tenant's, or late requests that gave way, of a higher
        band or of its own, whose turns a request that is sent at once would not count. With an outlook, all of these
        may be late: so limits of the queue apply to it after the next turns."""
        account, rank = request.account, request.account.rank
        if account.queued and lane.bands.of(rank).waits(account, request.adapter):
            return True
        if not self._gave_way:
            return False
        return any(queue.gives_way and (own is not lane or queue.rank <= rank) for own, queue in self._gave_way)

    def forget(self) -> None:
        """Forget which bands gave way: other settings have bands of their own."""
        self._gave_way.clear()

    def _ends_here(self, lane: LaneQueue) -> bool:
        """Return whether no request of a later lane may go before those of this one. A long job without room holds up
        interactive work only once it has waited half of its queue time, and batch work always."""
        lanes = self._queue.lanes
        if lane is lanes.long:
            lanes.batch.availability = LaneAvailability.FULL
            if lanes.long_job_overdue:
                lanes.interactive.availability = LaneAvailability.FULL
            return lanes.long_job_overdue
        for lower in lanes.all[lanes.all.index(lane) :]:
            lower.availability = LaneAvailability.FULL
        return True

    def _in_band(self, lane: LaneQueue, queue: BandQueue, inflight: int, now: float) -> Dispatch | None:
        queue.take_back(spare=self._occupancy.used(inflight) < SPARE_BELOW)
        aside: list[TenantQueue] = []
        turn: Dispatch | None = None
        while turn is None and (tenant_queue := queue.first()) is not None:
            outcome = self._outcome(lane, queue, tenant_queue, inflight, now)
            if isinstance(outcome, tuple):
                turn = outcome
            elif outcome is IN_HEAP:
                break
            elif outcome is GIVING_WAY:
                queue.give_way(tenant_queue, self._queue.outlook)
            else:
                queue.step_aside(tenant_queue, outcome)
                if outcome is PARKED:
                    self._queue.parked.park(tenant_queue.share.account, tenant_queue)
                else:
                    aside.append(tenant_queue)
        if queue.gives_way and self._queue.lanes.leaves_reserve(queue, self._occupancy, inflight):
            self._gave_way.append((lane, queue))
        for tenant_queue in aside:
            queue.put_back(tenant_queue, keeps_place=_keeps_place(tenant_queue.next))
        return turn

    def _outcome(
        self, lane: LaneQueue, queue: BandQueue, tenant_queue: TenantQueue, inflight: int, now: float
    ) -> Dispatch | QueuePlace:
        """Return the turn of the band's first queue, or its place without one: in the heap, it holds up the others."""
        request = tenant_queue.next
        if request.account.is_at_limit:
            return PARKED
        if not self._part_suffices(lane, queue, request, inflight):
            return IN_HEAP
        if tenant_queue.needs_room_to_spare(request) and self._occupancy.used(inflight) >= SPARE_BELOW:
            return GIVING_WAY if queue.waiting > tenant_queue.share.waiting else ASIDE
        turn = self._of_those_that_gave_way(now)
        if turn is not None or self._gave_way:
            return turn or IN_HEAP
        choice = self._table.choose(request, now)
        turn = self._turn(lane, queue, tenant_queue, choice)
        if turn is not None:
            return turn
        return ASIDE if self._may_be_passed(lane, request, choice, now) else IN_HEAP

    def _of_those_that_gave_way(self, now: float) -> Dispatch | None:
        """Return the turn of a higher band's late request, which a lower band or lane is about to take: they give way
        to their own band's requests only. Those that may be passed are dropped; one that may not stays."""
        while self._gave_way:
            lane, queue = self._gave_way[0]
            for tenant_queue in queue.giving_way:
                request = tenant_queue.next
                if request.account.is_at_limit:
                    continue
                choice = self._table.choose(request, now)
                turn = self._turn(lane, queue, tenant_queue, choice)
                if turn is not None:
                    return turn
                if not self._may_be_passed(lane, request, choice, now):
                    self._ends_here(lane)
                    return None
            self._gave_way.pop(0)
        return None

    def _turn(
        self, lane: LaneQueue, queue: BandQueue, tenant_queue: TenantQueue, choice: EndpointChoice | NoCandidate
    ) -> Dispatch | None:
        """Return the turn of a queue's next request if it has an endpoint, or is to be refused."""
        if isinstance(choice, EndpointChoice):
            return self._serve(lane, queue, tenant_queue), choice
        if choice is NoCandidate.NO_ADAPTER:
            request = tenant_queue.next
            self._queue.withdraw(request)
            return request, without_adapter(request)
        return None

    def _may_be_passed(
        self, lane: LaneQueue, request: RoutingRequest, choice: EndpointChoice | NoCandidate, now: float
    ) -> bool:
        """Return whether others may pass a request without an endpoint: if not, its lane is blocked."""
        if choice is NoCandidate.FULL and (request.adapter is not None or (request.yields and self._has_room())):
            self._table.wait_for_slot(request, now)
            return True
        lane.availability = LaneAvailability.FULL
        self._queue.lanes.past(lane, request, now)
        return False

    def _has_room(self) -> bool:
        """Return whether any engine would start one more request, if it were small enough."""
        context = self._table.context
        return any(has_room(one, context.max_unread) for one in context.routable)

    def _part_suffices(self, lane: LaneQueue, queue: BandQueue, request: RoutingRequest, inflight: int) -> bool:
        """Return whether the lane's and band's limits allow this request. A lane at its cap gets no more dispatches; a
        band at its own cap does not stop the others."""
        lanes = self._queue.lanes
        if not lanes.may_start(lane, request, self._occupancy, inflight):
            lane.availability = LaneAvailability.CAPPED
            return False
        queue.is_capped = not lanes.leaves_reserve(queue, self._occupancy, inflight)
        return not queue.is_capped

    def _serve(self, lane: LaneQueue, queue: BandQueue, tenant_queue: TenantQueue) -> RoutingRequest:
        request = queue.serve(tenant_queue)
        lane.bands.served(queue, request.expected_tokens)
        self._queue.lanes.served(lane, request.expected_tokens)
        self._queue.left(request)
        self._queue.pace.turns += 1
        return request


def _keeps_place(request: RoutingRequest) -> bool:
    """Return whether its tenant, passed by others, keeps what it is owed: not if it has more than its share in
    flight."""
    use = request.tenant_use
    return request.adapter is not None or use is None or use.waits_for_its_first or not request.yields


def without_adapter(request: RoutingRequest) -> Refusal:
    """Build the refusal for a request whose adapter no routable replica serves."""
    return Refusal(
        reason=RefusalReason.NO_ADAPTER,
        message=f"model: {request.adapter}: no replica has this adapter loaded now: "
        f"send the request again in {HELD_AGAIN:.0f} s.",
        retry_after_seconds=HELD_AGAIN,
        param="model",
    )

"""Which request is next in one band of one lane: tenants share tokens by weight, oldest request first.

Start-time fair queueing. A tenant's next request starts, in virtual time, where its last one finished, or now if that
is past; the earliest start is served, virtual time moves there, and its tenant's next start is later by cost over
weight. While two tenants both wait without a break, their tokens over weight differ by at most one largest request of
each, whatever the two send. A tenant that does not wait gains no credit and no debt. With an objective, a tenant whose
next request is late leaves its turn to others' that can be in time, until it is behind by what it gets within one
objective: its later requests get these turns back, for whatever adapter they are. One that has had no turn for one
objective gets the next one, but of eight turns at most one is such: under overload all late requests would come first.

A tenant's requests for different adapters have separate queues but share one virtual time: an adapter whose engines are
full does not hold up the tenant's other requests, and more adapters do not give a larger share. Adding, serving and
withdrawing cost O(log queues) at most, whatever the number of requests.
"""

from collections import OrderedDict
from heapq import heappop, heappush, heapreplace

from fairlead.routing.accounts import Account
from fairlead.routing.due_turns import DueTurns
from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.line_order import Lateness, LineOrder
from fairlead.routing.queue_place import ASIDE, GIVING_WAY, IN_HEAP, QueuePlace
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.virtual_time import VirtualTime


class TenantShare:
    """One tenant's virtual time in one band."""

    __slots__ = ("account", "bytes", "giving_way", "lateness", "lines", "start", "waiting", "weight")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.start = 0.0
        """Virtual start time of its next request, if it waits by then."""
        self.lines: dict[str | None, TenantQueue] = {}
        self.waiting = 0
        self.weight = 0
        """What it has added to the sum of all: its tenant's when it began to wait, which may be another one now."""
        self.lateness = Lateness()
        self.giving_way: dict[TenantQueue, None] = {}
        """Its queues that are `GIVING_WAY`, in order; a set would order them by their places in memory."""
        self.bytes = 0
        """Of the bodies of its waiting requests."""


class TenantQueue:
    """Requests of one tenant for one adapter, oldest first or by what can still be in time."""

    __slots__ = ("in_late", "order", "place", "queue", "requests", "share")

    def __init__(self, share: TenantShare, queue: "FairQueue") -> None:
        self.share = share
        self.queue = queue
        self.requests: OrderedDict[RoutingRequest, None] = OrderedDict()
        self.place = ASIDE
        self.in_late = False
        """Whether it has an entry in the heap of those that leave turns to others, under its start when it was made."""
        self.order = None if queue.outlook is None else LineOrder(queue.outlook, share.lateness)

    def withdraw(self, request: RoutingRequest) -> None:
        """Remove a request of this queue."""
        self.queue.withdraw(request, self)

    @property
    def next(self) -> RoutingRequest:
        """The request to serve next; only for a queue that is not empty."""
        return next(iter(self.requests)) if self.order is None else self.order.next()

    def needs_room_to_spare(self, request: RoutingRequest) -> bool:
        """Return whether its next request may only take spare room, which requests in time may need.

        While other tenants wait, its turn is its own, and a late request leaves it to theirs in time only as long as
        the tenant gets it back: a tenant of late requests alone falls behind by no more than the queue's credit.
        """
        if self.order is None:
            return False
        if self.queue.waiting > self.share.waiting:
            return self.order.is_late(request) and not self.queue.owes(self.share)
        return self.order.needs_room_to_spare(request)


class FairQueue:
    """The queues of all tenants in one band."""

    __slots__ = ("_due", "_heap", "_late", "_serial", "_virtual", "_weights", "bytes", "outlook", "shares", "waiting")

    def __init__(self, outlook: FirstTokenOutlook | None = None) -> None:
        """With an outlook, a tenant's own requests are ordered by what can still be in time."""
        self.outlook = outlook
        self.shares: dict[Account, TenantShare] = {}
        self._heap: list[tuple[float, int, TenantQueue]] = []
        self._late: list[tuple[float, int, TenantQueue]] = []
        """Queues that are out of the heap, because their late requests leave turns to others: a heap of their own, with
        one entry each, and with those that have returned until they are the first."""
        self._due = DueTurns()
        self._serial = 0
        self._virtual = VirtualTime()
        self._weights = 0
        """Sum over all waiting tenants."""
        self.waiting = 0
        self.bytes = 0
        """Of all waiting requests' bodies."""

    def add(self, request: RoutingRequest, *, first: bool = False) -> None:
        """Queue a request after its tenant's others; `first` puts it before them, after its engine failed it."""
        share = self.shares.get(request.account)
        if share is None:
            share = self.shares[request.account] = TenantShare(request.account)
        queue = share.lines.get(request.adapter)
        if queue is None:
            queue = share.lines[request.adapter] = TenantQueue(share, self)
        queue.requests[request] = None
        if first:
            queue.requests.move_to_end(request, last=False)
        if self.outlook is not None and not self.waiting:
            self._virtual.begin(self.outlook.now)
        if not share.waiting:
            share.weight = share.account.tenant.weight
            self._weights += share.weight
        if queue.order is not None:
            queue.order.add(request, share.weight / self._weights, first=first)
        request.queue = queue
        share.waiting += 1
        share.bytes += request.body_bytes
        self.waiting += 1
        self.bytes += request.body_bytes
        if queue.place is GIVING_WAY:
            self._return(queue)
        elif queue.place is not IN_HEAP:
            self.put_back(queue)

    def first(self) -> TenantQueue | None:
        """Return the queue to serve next; call `serve` or `step_aside` with it."""
        heap = self._heap
        while heap:
            start, _, queue = heap[0]
            if not queue.requests:
                heappop(heap)
                queue.place = ASIDE
            elif start < queue.share.start:
                self._serial += 1
                heapreplace(heap, (queue.share.start, self._serial, queue))
            else:
                return queue
        return None

    @property
    def head(self) -> TenantQueue | None:
        """The queue to serve next, or if all leave their turns to others, the one of them that is furthest behind."""
        return self.first() or self._first_late()

    def serve(self, queue: TenantQueue) -> RoutingRequest:
        """Take its next request and charge its cost; `queue` is the queue that `first` returned."""
        share = queue.share
        request = queue.next
        if queue.order is not None:
            queue.order.sent(request)
        self.withdraw(request, queue)
        self._virtual.serve(share.start, 0.0 if self.outlook is None else self.outlook.now)
        share.start += request.expected_tokens / share.account.tenant.weight
        self._due.served(share.account)
        for other in tuple(share.giving_way):
            self._return(other)
        return request

    @property
    def credit(self) -> float:
        """How far a tenant may fall behind others, in virtual time, while its late requests leave turns to them: what
        it gets within one objective. That is its part of the work if only those that wait now were active; with more,
        virtual time moves as slowly as they make it. Requests that it then gets back go first, and must leave others in
        time."""
        work = 0.0 if self.outlook is None else self.outlook.objective_work
        seconds = 0.0 if self.outlook is None else self.outlook.objective_seconds or 0.0
        return min(work / self._weights, self._virtual.most_within(seconds))

    def owes(self, share: TenantShare) -> bool:
        """Return whether this tenant is behind others by all of the credit, or its turn is due: virtual time may stand
        still."""
        return share.account in self._due or self._virtual.now - share.start >= self.credit

    # Queues whose late requests leave turns to others

    @property
    def gives_way(self) -> bool:
        """Whether a queue leaves turns to other tenants'."""
        queue = self._first_late()
        return queue is not None and self.waiting > queue.share.waiting

    @property
    def giving_way(self) -> list[TenantQueue]:
        """These queues, the one first that is furthest behind."""
        late = ((queue.share.start, serial, queue) for _, serial, queue in self._late if queue.place is GIVING_WAY)
        return [queue for _, _, queue in sorted(late)]

    def give_way(self, queue: TenantQueue, outlook: FirstTokenOutlook) -> None:
        """Take the queue from the heap until its tenant's turn is its own; `queue` is the one that `first` returned."""
        self.step_aside(queue, GIVING_WAY)
        share = queue.share
        share.giving_way[queue] = None
        if not queue.in_late:
            queue.in_late = True
            self._serial += 1
            heappush(self._late, (share.start, self._serial, queue))
        self._due.gave_way(share.account, outlook.now)

    def take_back(self, *, spare: bool) -> None:
        """Put those queues back whose tenant's turn is its own by now, or all if there is room to spare."""
        while (queue := self._first_late()) is not None and (spare or self.owes(queue.share)):
            self._return(queue)
        due = self._due.maybe_next(self.outlook)
        for queue in tuple(reversed(self.shares[due].giving_way)) if due is not None else ():
            self._return(queue)  # each goes before the last one

    def _first_late(self) -> TenantQueue | None:
        late = self._late
        while late:
            start, serial, queue = late[0]
            if queue.place is not GIVING_WAY:
                heappop(late)
                queue.in_late = False
            elif start < queue.share.start:
                heapreplace(late, (queue.share.start, serial, queue))
            else:
                return queue
        return None

    def _return(self, queue: TenantQueue) -> None:
        queue.share.giving_way.pop(queue, None)
        self._push(queue)

    def step_aside(self, queue: TenantQueue, place: QueuePlace = ASIDE) -> None:
        """Take the queue from the heap to another place; `queue` is the queue that `first` returned."""
        heappop(self._heap)
        queue.place = place

    def put_back(self, queue: TenantQueue, *, keeps_place: bool = True) -> None:
        """Put the queue into the heap, without credit for the time it was away, unless late requests of its tenant
        wait: these left turns to others, and it is behind by the credit and by the turn that others have just had. One
        that left room to others need not keep its place: its tenant has more than its share in flight."""
        if queue.place is IN_HEAP or queue.place is GIVING_WAY or not queue.requests:
            return
        kept = self.credit + self._virtual.step if keeps_place and queue.share.lateness.requests else 0.0
        queue.share.start = max(queue.share.start, self._virtual.now - kept)
        self._push(queue)

    def _push(self, queue: TenantQueue) -> None:
        """Put it into the heap, after its equals unless its turn is due: else it would wait for all of them."""
        self._serial += 1
        queue.place = IN_HEAP
        serial = -self._serial if queue.share.account in self._due else self._serial
        heappush(self._heap, (queue.share.start, serial, queue))

    def withdraw(self, request: RoutingRequest, queue: TenantQueue) -> None:
        """Remove a request; an empty queue leaves the heap when `first` reaches it."""
        del queue.requests[request]
        if queue.order is not None:
            queue.order.withdraw(request)
        request.queue = None
        share = queue.share
        share.waiting -= 1
        share.bytes -= request.body_bytes
        if not share.waiting:
            self._weights -= share.weight
        if not queue.requests and queue.place is not IN_HEAP:
            share.giving_way.pop(queue, None)
            queue.place = ASIDE
        if not share.lateness.requests:
            self._due.forget(share.account)
        self.waiting -= 1
        self.bytes -= request.body_bytes

    def waits(self, account: Account, adapter: str | None) -> bool:
        """Return whether a request of this tenant waits here that one for this adapter must not pass.

        Requests for other adapters do not count: they wait for engines or slots that this one does not need.
        """
        share = self.shares.get(account)
        if share is None or not share.waiting:
            return False
        return any((queue := share.lines.get(name)) is not None and queue.requests for name in {adapter, None})

    def newest_late(self, account: Account) -> RoutingRequest | None:
        """Return this tenant's request that became late last."""
        share = self.shares.get(account)
        orders = (queue.order for queue in share.lines.values() if queue.order is not None) if share else ()
        return next((late for order in orders if (late := order.newest_late) is not None), None)

    @property
    def requests(self) -> list[RoutingRequest]:
        """All waiting requests."""
        return [
            request for share in self.shares.values() for queue in share.lines.values() for request in queue.requests
        ]

"""Who is next in one band of one lane: each tenant gets its weight's part of the tokens, oldest request first.

Start-time fair queueing. A tenant's next request starts, in virtual time, where its last one finished, or now if that
is past; the earliest start is served, virtual time moves there, and its tenant's next start is later by cost over
weight. Over any stretch in which two tenants wait without a break, their tokens over weight differ by at most one
largest request of each, whatever the two send. A tenant that did not wait saves nothing up and owes nothing.

Requests for different adapters of one tenant stand in lines of their own with one account of virtual time: an adapter
whose engines are full does not hold up the tenant's other work, and many adapters are no more of a share than one.
Adding, serving and withdrawing cost O(log lines) at most, whatever the number of requests.
"""

from collections import OrderedDict
from heapq import heappop, heappush, heapreplace

from fairlead.routing.accounts import Account
from fairlead.routing.routing_request import RoutingRequest


class TenantShare:
    """One tenant's virtual time here."""

    __slots__ = ("account", "lines", "start", "waiting")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.start = 0.0
        """When its next request starts, if it waits by then."""
        self.lines: dict[str | None, TenantQueue] = {}
        self.waiting = 0


class TenantQueue:
    """Requests of one tenant for one adapter, oldest first."""

    __slots__ = ("asks", "queue", "share", "standing")

    def __init__(self, share: TenantShare, queue: "FairQueue") -> None:
        self.share = share
        self.queue = queue
        self.asks: OrderedDict[RoutingRequest, None] = OrderedDict()
        self.standing = False
        """It has a place in the heap."""

    @property
    def oldest(self) -> RoutingRequest:
        """Only of a line in which somebody waits."""
        return next(iter(self.asks))


class FairQueue:
    """The lines of all tenants of a band."""

    __slots__ = ("_heap", "_serial", "_shares", "_virtual", "waiting")

    def __init__(self) -> None:
        self._shares: dict[Account, TenantShare] = {}
        self._heap: list[tuple[float, int, TenantQueue]] = []
        self._serial = 0
        self._virtual = 0.0
        self.waiting = 0

    def add(self, ask: RoutingRequest, *, first: bool = False) -> None:
        """It waits behind its tenant's others; first when it had its turn already and its engine failed it."""
        share = self._shares.get(ask.account)
        if share is None:
            share = self._shares[ask.account] = TenantShare(ask.account)
        line = share.lines.get(ask.adapter)
        if line is None:
            line = share.lines[ask.adapter] = TenantQueue(share, self)
        line.asks[ask] = None
        if first:
            line.asks.move_to_end(ask, last=False)
        ask.line = line
        share.waiting += 1
        self.waiting += 1
        if not line.standing:
            self.stand(line)

    def first(self) -> TenantQueue | None:
        """Whose turn it is; its oldest request is served, or it steps aside."""
        heap = self._heap
        while heap:
            start, _, line = heap[0]
            if not line.asks:
                heappop(heap)
                line.standing = False
            elif start < line.share.start:
                self._serial += 1
                heapreplace(heap, (line.share.start, self._serial, line))
            else:
                return line
        return None

    def serve(self, line: TenantQueue) -> RoutingRequest:
        """Its oldest request goes, at its cost; the line is the one that `first` named."""
        share = line.share
        ask = line.oldest
        self.withdraw(ask, line)
        self._virtual = max(self._virtual, share.start)
        share.start += ask.cost / share.account.tenant.weight
        return ask

    def step_aside(self, line: TenantQueue) -> None:
        """It is not asked again until it stands up; the line is the one that `first` named."""
        heappop(self._heap)
        line.standing = False

    def stand(self, line: TenantQueue) -> None:
        """It is asked again. What passed while it stood aside is not saved up for it."""
        if line.standing or not line.asks:
            return
        line.share.start = max(line.share.start, self._virtual)
        self._serial += 1
        line.standing = True
        heappush(self._heap, (line.share.start, self._serial, line))

    def withdraw(self, ask: RoutingRequest, line: TenantQueue) -> None:
        """It waits no more; an empty line leaves when its turn comes."""
        del line.asks[ask]
        ask.line = None
        line.share.waiting -= 1
        self.waiting -= 1

    def waits(self, account: Account) -> bool:
        """Whether anything of this tenant does."""
        share = self._shares.get(account)
        return share is not None and share.waiting > 0

    def part(self, account: Account) -> float:
        """How many requests of this tenant wait, for each unit of its weight, with one more."""
        share = self._shares.get(account)
        return ((share.waiting if share else 0) + 1) / account.tenant.weight

    def longest(self) -> tuple[float, RoutingRequest] | None:
        """Of the tenant with most waiting for its weight: how many a unit, and the one that came last."""
        shares = [share for share in self._shares.values() if share.waiting]
        if not shares:
            return None
        most = max(shares, key=_part)
        return _part(most), max(
            (next(reversed(line.asks)) for line in most.lines.values() if line.asks), key=_queued_at
        )

    @property
    def asks(self) -> list[RoutingRequest]:
        """All that wait."""
        return [ask for share in self._shares.values() for line in share.lines.values() for ask in line.asks]


def _queued_at(ask: RoutingRequest) -> float:
    return ask.queued_at


def _part(share: TenantShare) -> float:
    return share.waiting / share.account.tenant.weight

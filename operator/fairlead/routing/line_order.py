"""The order within one tenant's queue under overload: first the requests that can still be in time.

Every request has a deadline, its arrival and the objective, and a latest start, which leaves an engine time to compute
what no cache holds. Requests are in one of three groups, and only move down:

    timely   served by deadline. When the last of them would start too late at its tenant's share of the pace, the one
             with the most work is set aside, until the rest are in time: as many are kept as can be (Moore's rule).
    aside    served by deadline while no timely one waits and the fleet has room to spare.
    late     past their latest start: served after all others, with room to spare, the longest late first.

Late requests are owed a fiftieth of what others get, in tokens, so that none is forgotten. Each operation costs
amortized O(log requests): a request moves at most twice.
"""

from collections import OrderedDict
from typing import Final

from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.ordered_request import OrderedRequest, Timeliness, TimelinessHeap
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.work_pace import WorkCeiling

OWED: Final = 0.02
"""Part of others' tokens that is owed to late requests: at twice what a fleet can serve, a twentieth costs three of a
hundred requests their objective, a fiftieth one (bench/overload.py)."""


class Lateness:
    """How many of a tenant's waiting requests are late, over all of its queues in one band."""

    __slots__ = ("requests",)

    def __init__(self) -> None:
        self.requests = 0


class LineOrder:
    """The order of one queue."""

    __slots__ = (
        *("_aside", "_ceiling", "_entries", "_largest", "_late", "_lateness", "_outlook", "_owed", "_serial"),
        *("_timely", "_work"),
    )

    def __init__(self, outlook: FirstTokenOutlook, lateness: Lateness | None = None) -> None:
        self._outlook = outlook
        self._lateness = lateness or Lateness()
        self._entries: dict[RoutingRequest, OrderedRequest] = {}
        self._timely = TimelinessHeap(Timeliness.TIMELY)
        self._largest = TimelinessHeap(Timeliness.TIMELY)
        """The same requests, most work first."""
        self._aside = TimelinessHeap(Timeliness.ASIDE)
        self._late: OrderedDict[RoutingRequest, None] = OrderedDict()
        self._work = 0
        """Of all timely requests."""
        self._owed = 0.0
        """Tokens owed to late requests."""
        self._ceiling = WorkCeiling()
        self._serial = 0

    def add(self, request: RoutingRequest, share: float, *, first: bool) -> None:
        """Order a request of a tenant with this share of what waiting tenants get. One that an engine failed goes
        before all others that can be in time."""
        outlook = self._outlook
        if not outlook.waiting:
            outlook.pace.begin(outlook.now)
        outlook.waiting += 1
        self._serial += 1
        request.late = False
        ordered = self._entries[request] = OrderedRequest(request, self._serial, first=first)
        self._timely.push(ordered.place, ordered, len(self._entries))
        self._largest.push((-ordered.work, self._serial), ordered, len(self._entries))
        self._work += ordered.work
        if outlook.is_learnt and outlook.pace.per_second and not first:
            self._count_on(ordered, share * outlook.pace.per_second)

    def next(self) -> RoutingRequest:
        """Return the request to serve now; only while some wait."""
        self._note_late()
        late = next(iter(self._late), None)
        ordered = self._timely.first() or self._aside.first()
        if late is not None and (ordered is None or self._owed >= late.expected_tokens):
            return late
        if ordered is None:
            raise AssertionError("nobody waits in this queue")
        return ordered.request

    def needs_room_to_spare(self, request: RoutingRequest) -> bool:
        """Return whether it may take only spare room; one that is owed its turn may take any."""
        return self._entries[request].timeliness is Timeliness.ASIDE or self.is_late(request)

    def is_late(self, request: RoutingRequest) -> bool:
        """Return whether it is late, and not owed its turn."""
        return self._entries[request].timeliness is Timeliness.LATE and self._owed < request.expected_tokens

    @property
    def newest_late(self) -> RoutingRequest | None:
        """The request that became late last."""
        self._note_late()
        return next(reversed(self._late), None)

    def sent(self, request: RoutingRequest) -> None:
        """Account for its turn, before it is withdrawn."""
        ordered = self._entries[request]
        self._outlook.pace.sent(ordered.work, self._outlook.now)
        if ordered.timeliness is Timeliness.LATE:
            self._owed = max(self._owed - request.expected_tokens, 0.0)
        else:
            self._owed = self._owed + request.expected_tokens * OWED if self._late else 0.0

    def withdraw(self, request: RoutingRequest) -> None:
        """Forget a request."""
        self._outlook.waiting -= 1
        self._become(self._entries.pop(request), Timeliness.GONE)

    def _count_on(self, last: OrderedRequest, per_second: float) -> None:
        """Set the largest aside until the last one can start in time, and the last one itself if it is too large."""
        latest = self._outlook.latest_start(last.request) - self._outlook.now
        budget = max(latest * per_second, 1.0)
        while last.timeliness is Timeliness.TIMELY and self._work - last.work > budget:
            self._set_aside(self._largest.first() or last)
        crowd = self._work / budget if self._work > last.work else 0.0
        self._ceiling.saw(last.work, crowd)
        if last.timeliness is Timeliness.TIMELY and last.work > self._ceiling.work:
            self._set_aside(last)

    def _set_aside(self, ordered: OrderedRequest) -> None:
        self._become(ordered, Timeliness.ASIDE)
        self._aside.push(ordered.place, ordered, len(self._entries))

    def _note_late(self) -> None:
        """Move requests whose latest start is past."""
        outlook = self._outlook
        for group in (self._timely, self._aside):
            while (ordered := group.first()) is not None and outlook.latest_start(ordered.request) < outlook.now:
                self._become(ordered, Timeliness.LATE)
                self._late[ordered.request] = None
                self._lateness.requests += 1
                ordered.request.late = True

    def _become(self, ordered: OrderedRequest, timeliness: Timeliness) -> None:
        """Change its timeliness, and give it up if late requests are refused."""
        if ordered.timeliness is Timeliness.TIMELY:
            self._work -= ordered.work
        elif ordered.timeliness is Timeliness.LATE:
            del self._late[ordered.request]
            self._lateness.requests -= 1
        ordered.timeliness = timeliness
        if timeliness is not Timeliness.GONE and self._outlook.refuses:
            self._outlook.given_up.append(ordered.request)

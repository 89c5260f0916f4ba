"""Which lane a request belongs to, which lane is asked next, and how much of the fleet each may take.

Interactive work goes first. Long jobs (a long prompt, or a long reply by their own word) take `max_share` of the fleet
at most: of its KV cache and seats, and of its engines while they are being read, since a long prompt slows its whole
engine. While both wait, long jobs are owed half of that share of the turns, in tokens; one that waited half as long as
it may goes before everybody else, room or not, so interactive work without end cannot starve it. Batch work starts
only while the fleet is used less than `below_utilization` and nobody else can use the room: it may starve, and ends
with `queue_time` then. What runs is never stopped for another's sake.
"""

from enum import Enum, auto
from math import inf
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Lane
from fairlead.routing.accounts import ordered
from fairlead.routing.bands import BandQueue, Bands
from fairlead.routing.occupancy import Occupancy
from fairlead.routing.routing_request import RoutingRequest

HALF: Final = 0.5
SLACK: Final = 1e-9
"""A tenth of ten seats is one seat, whatever binary fractions make of it."""


class LaneAvailability(Enum):
    """Whether a newcomer may try its luck, or must stand behind those that wait."""

    FREE = auto()
    CAPPED = auto()
    """The lane has its part of the fleet."""
    FULL = auto()
    """Nobody has room for the one whose turn it is."""


class LaneQueue:
    """Everybody who waits in one lane."""

    __slots__ = ("bands", "block", "inflight", "lane", "most_seconds", "reading", "tokens")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.bands = Bands(())
        self.block = LaneAvailability.FREE
        self.most_seconds = inf
        self.inflight = 0
        self.tokens = 0
        """Of the requests under way, prompt and expected reply; counted in the long lane only."""
        self.reading = 0
        """Requests under way without a first token; likewise."""


class LaneScheduler:
    """All lanes of one router."""

    __slots__ = ("_batch_below", "_long_share", "_owed", "_routing", "all", "batch", "insists", "interactive", "long")

    def __init__(self) -> None:
        self.interactive = LaneQueue(Lane.INTERACTIVE)
        self.long = LaneQueue(Lane.LONG)
        self.batch = LaneQueue(Lane.BATCH)
        self.all = (self.interactive, self.long, self.batch)
        self.insists = False
        """A long job has waited so long that nobody goes before it."""
        self._owed = 0.0
        """Tokens that long jobs are owed."""
        self._routing = RoutingSettings()
        self._long_share = self._batch_below = 1.0

    def take(self, routing: RoutingSettings) -> list[RoutingRequest]:
        """Other settings from now on; answers who waited, to be put in again, the oldest first."""
        waiting = [ask for lane in self.all for queue in lane.bands.queues for ask in queue.asks]
        bands = ordered(routing.bands)
        for lane in self.all:
            lane.bands, lane.block = Bands(bands), LaneAvailability.FREE
        long, batch = routing.long_lane, routing.batch_lane
        seconds = routing.limits.max_queue_seconds
        self.interactive.most_seconds = inf if seconds is None else seconds
        self.long.most_seconds = long.max_queue_seconds if long else self.interactive.most_seconds
        self.batch.most_seconds = batch.max_queue_seconds if batch else self.interactive.most_seconds
        self._routing, self.insists, self._owed = routing, False, 0.0
        self._long_share = long.max_share if long else 1.0
        self._batch_below = batch.below_utilization if batch else 1.0
        return sorted(waiting, key=_queued_at)

    def of(self, ask: RoutingRequest) -> LaneQueue:
        """Where it belongs; without a lane of its own it is interactive."""
        routing = self._routing
        if ask.batch and routing.batch_lane is not None:
            return self.batch
        long = routing.long_lane
        if long is not None and (
            ask.prompt_tokens >= long.min_prompt_tokens
            or (ask.says_output and ask.output_tokens >= long.min_output_tokens)
        ):
            return self.long
        return self.interactive

    def named(self, lane: Lane) -> LaneQueue:
        """The lane that a request was put in before."""
        if lane is Lane.INTERACTIVE:
            return self.interactive
        return self.long if lane is Lane.LONG else self.batch

    def turns(self) -> list[LaneQueue]:
        """Those in which somebody waits, in the order in which they are to be asked."""
        order = (self.long, self.interactive, self.batch) if self._long_first() else self.all
        return [lane for lane in order if lane.bands.waiting]

    def _long_first(self) -> bool:
        if self.insists:
            return True
        if not self._owed:
            return False
        lines = [queue.first() for queue in self.long.bands.turns()]
        return any(line is not None and line.oldest.cost <= self._owed for line in lines[:1])

    def served(self, lane: LaneQueue, cost: int) -> None:
        """It had a turn of this cost."""
        if lane is self.long:
            self._owed = max(self._owed - cost, 0.0)
            self.insists = False
        elif lane is self.interactive:
            waits = self.long.bands.waiting
            self._owed = self._owed + cost * self._long_share * HALF if waits else 0.0

    def may_start(self, lane: LaneQueue, ask: RoutingRequest, fleet: Occupancy, inflight: int) -> bool:
        """Whether the lane's part of the fleet suffices for one more."""
        if lane is self.interactive:
            return True
        if lane is self.batch:
            return fleet.used(inflight) < self._batch_below
        if lane.inflight == 0:
            return True
        share = self._long_share
        return (
            lane.inflight + 1 <= max(share * fleet.seats + SLACK, 1)
            and lane.reading < max(int(share * fleet.endpoints + SLACK), 1)
            and (not fleet.kv_tokens or lane.tokens + ask.cost <= share * fleet.kv_tokens)
        )

    def past(self, lane: LaneQueue, ask: RoutingRequest, now: float) -> None:
        """There was no room for the long job whose turn it is: it insists once it has waited half its time."""
        if lane is self.long and now - ask.queued_at >= lane.most_seconds * HALF:
            self.insists = True

    def withdrawn(self, lane: LaneQueue) -> None:
        """Somebody waits no more; nobody stands behind an empty lane."""
        if not lane.bands.waiting:
            lane.block = LaneAvailability.FREE
            if lane is self.long and self.insists:
                self.insists = False
                self.open()

    def open(self) -> None:
        """Whoever comes may try; the next turns say again who stands before it."""
        for lane in self.all:
            lane.block = LaneAvailability.FREE

    @staticmethod
    def leaves_reserve(queue: BandQueue, fleet: Occupancy, inflight: int) -> bool:
        """Whether one more of this band leaves higher bands what is kept for them."""
        return not queue.reserved_above or fleet.used(inflight + 1) <= 1 - queue.reserved_above + SLACK


def _queued_at(ask: RoutingRequest) -> float:
    return ask.queued_at

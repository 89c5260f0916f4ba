"""Connects one request to the response cache: it gets a stored response, follows another request, or leads a flight.

Translates between the request's owner and the cache's flights. A request that bypasses the cache has none.
"""

from time import monotonic
from typing import Final, Protocol, cast

from fairlead.router import cache_lookups, refusals, replayed_reply
from fairlead.router.cache import replay
from fairlead.router.cache.answer_heads import AnswerHead, AnswerRoute
from fairlead.router.cache.cache import CacheBypass, CacheHit, FlightLead, ResponseCache
from fairlead.router.cache.flights import CacheFlight, FlightFollower
from fairlead.router.cache.lookup_keys import CacheLookup
from fairlead.router.engine_target import EngineTarget
from fairlead.router.live_requests import LiveExchange
from fairlead.router.replayed_reply import ReplayedReply
from fairlead.router.reply import Reply
from fairlead.router.reply_clients import CLIENT_LEFT
from fairlead.router.request import Request
from fairlead.router.route_path import RoutePath
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import ResponseReader

LENGTH: Final = b"content-length: "
OTHERS: Final = "of an equal earlier request"


class CachedRequest(Protocol):
    """The owner of a request that the cache may answer."""

    @property
    def request(self) -> Request:
        """The request."""

    @property
    def reply(self) -> Reply:
        """What its client gets."""

    @property
    def keeps_alive(self) -> bool:
        """Whether its client's connection is kept."""

    def begin(self, now: float) -> None:
        """Send it to an engine after all."""

    def pause_engine(self) -> None:
        """Pause its engine, which waits for its client again."""

    def resume_engine(self) -> None:
        """Resume its engine, which no longer waits for its client."""

    def client_disconnected(self, now: float) -> None:
        """Called when no client waits for it any more."""

    def refuse(self, problem: Problem, now: float) -> None:
        """Answer with one of the router's own errors."""

    def over(self, status: int, now: float) -> None:
        """Called when it has ended."""


def connected(
    owner: CachedRequest, path: RoutePath | None, cache: ResponseCache, facts: BodyFacts
) -> "CacheBridge | None":
    """Create the request's bridge; None if its route stores no answers, or only other routes do."""
    opts_in = cache_lookups.opts_in(owner.request, facts)
    if not opts_in and not cache.may_be_used:
        return None
    route = None if path is None else path.choice.settings.cache
    usual = cache.enabled or opts_in
    return CacheBridge(owner, opted_in=route is True) if (usual if route is None else route) else None


class CacheBridge:
    """The bridge of one request; the cache sees it as a `FlightParticipant`."""

    __slots__ = ("_context", "_flight", "_follower", "_opted_in", "_owner", "_replayed", "_target")

    def __init__(self, owner: CachedRequest, *, opted_in: bool = False) -> None:
        self._owner = owner
        self._opted_in = opted_in
        self._flight: CacheFlight | None = None
        """The flight that this request leads, if any."""
        self._follower: FlightFollower | None = None
        """Its place in the flight that it follows, if any."""
        self._replayed: ReplayedReply | None = None
        """The reply that follows another's, once that has begun."""
        self._context: RouterContext | None = None
        self._target: EngineTarget | None = None
        """The target whose answers were looked up."""

    # Called by the owner.

    def consult(self, cache: ResponseCache, lookup: CacheLookup, now: float) -> bool:
        """Whether it needs no engine: the cache has answered it, or it follows another one after `follow`."""
        seen, request = cache.lookup(lookup, self, now), self._owner.request
        if isinstance(seen, CacheHit):
            self._give(seen)
            return True
        if isinstance(seen, (FlightLead, CacheBypass)):
            self._flight = seen.flight if isinstance(seen, FlightLead) else None
            request.record.cache_answered("passed" if self._flight is None else "miss")
            request.reply_headers.add(seen.line)
            return False
        request.record.cache_answered("joined")
        self._follower = seen.follower
        return True

    def needs_no_engine(self, context: RouterContext, target: EngineTarget, facts: BodyFacts) -> bool:
        """Whether the cache has answered it, or it follows another request."""
        owner = self._owner
        self._context, self._target = context, target
        lookup = cache_lookups.lookup(owner.request, facts, target, opted_in=self._opted_in)
        if not self.consult(context.cache, lookup, monotonic()):
            return False
        if self._follower is not None:
            context.live.add(cast("LiveExchange", owner))
            self.follow()
        return True

    def follow(self) -> None:
        """Deliver what the other request has received, and what it will."""
        if self._follower is not None:
            self._follower.start()

    def began(self, reader: ResponseReader, revision: str) -> CacheFlight | None:
        """Start an engine's response; returns the flight whose followers read it, too."""
        head, framing, flight = reader.head, reader.framing, self._flight
        if flight is not None and head is not None:
            length = int(framing[len(LENGTH) :]) if framing.startswith(LENGTH) and not head.streams else None
            answer_head = AnswerHead(status=head.status, lines=head.lines, length=length, revision=revision)
            answer_head.route = cache_lookups.route(self._owner.request)
            flight.began(answer_head)
        return self._flight

    def completed(self, now: float) -> None:
        """Complete the flight; an answer whose check failed is not stored."""
        flight, self._flight = self._flight, None
        if flight is not None:
            flight.completed(now, cache_lookups.objection(self._owner.request.record))

    def over(self) -> None:
        """End the request; an incomplete flight failed. Drops all references, so that no cycle remains."""
        flight, self._flight = self._flight, None
        follower, self._follower = self._follower, None
        self._context = self._target = None
        if flight is not None:
            flight.failed()
        if follower is not None:
            follower.leave()

    def client_disconnected(self, now: float) -> bool:
        """Handle the client's disconnect; whether nothing remains to do, since it followed or goes on for others."""
        if self._follower is not None:
            self._owner.over(CLIENT_LEFT, now)
            return True
        if self._flight is None:
            return False
        if self._flight.left():
            self._owner.reply.detach()
            self._owner.resume_engine()
            return True
        self._flight = None
        return False

    def late(self, total_seconds: float, now: float) -> bool:
        """Handle the expired total time-out; whether it followed, so that no engine is at fault."""
        if self._follower is None:
            return False
        self._follower.leave()
        if self._replayed is None:
            self._follower = None
            self._owner.refuse(refusals.too_slow(OTHERS, total_seconds), now)
        else:
            self._cut(self._replayed, now)
        return True

    def pause(self) -> bool:
        """Handle a slow client; whether its engine continues nevertheless."""
        if self._follower is not None:
            self._follower.pause()
            return True
        return self._flight is not None and self._flight.followed

    def resume(self) -> None:
        """Resume: its client reads again."""
        if self._follower is not None:
            self._follower.resume()

    # Called by the cache.

    def flight_head(self, head: AnswerHead) -> None:
        """Begin the reply; its head is sent with the first piece."""
        owner = self._owner
        self._replayed = ReplayedReply(owner.request, owner.reply, head, keep_alive=owner.keeps_alive)

    def flight_body(self, data: bytes) -> None:
        """Write a piece of the body."""
        assert self._replayed is not None
        self._replayed.more(data)

    def flight_end(self) -> None:
        """Write the end of the response."""
        owner, replayed = self._owner, self._replayed
        assert replayed is not None
        keep = replayed.keep and owner.keeps_alive
        self._add_to_task(replayed.head.revision, replayed.head.route)
        replayed.end()
        owner.over(replayed.head.status, monotonic())
        owner.reply.finish(keep=keep)

    def flight_cut(self) -> None:
        """Cut the response: it broke in the middle."""
        assert self._replayed is not None
        self._cut(self._replayed, monotonic())

    def flight_lead(self, flight: CacheFlight) -> None:
        """Send the request to an engine, for itself and its followers."""
        request = self._owner.request
        self._follower, self._flight = None, flight
        request.record.cache_answered("miss")
        request.reply_headers.add(replay.MISS)
        self._owner.begin(monotonic())

    def flight_alone(self) -> None:
        """Send the request to an engine without a flight."""
        self._follower = None
        self._owner.request.record.cache_answered("passed")
        self._owner.begin(monotonic())

    def flight_followed(self) -> None:
        """Resume the engine, which no longer waits for its client."""
        if self._owner.reply.paused:
            self._owner.resume_engine()

    def flight_unfollowed(self) -> None:
        """Pause the engine again, if its client still reads too slowly: nothing would say so a second time."""
        if self._owner.reply.paused:
            self._owner.pause_engine()

    def flight_deserted(self) -> None:
        """End the request: its client and now its last follower have left."""
        self._flight = None
        self._owner.client_disconnected(monotonic())

    # Internals

    def _give(self, hit: CacheHit) -> None:
        """Write the whole stored response and end the request."""
        owner, keep = self._owner, self._owner.keeps_alive
        self._add_to_task(hit.entry.revision)
        replayed_reply.write_stored(owner.request, owner.reply, hit, keep=keep)
        owner.over(200, monotonic())
        owner.reply.finish(keep=keep)

    def _add_to_task(self, revision: str, route: AnswerRoute | None = None) -> None:
        """Add the request to the task that it names, where its answer came from: it cost nothing."""
        context, target = self._context, self._target
        if context is not None and target is not None:
            answered = target if route is None else context.targets.get(route.target, target)
            context.spending.cached(self._owner.request, answered, revision)

    def _cut(self, replayed: ReplayedReply, now: float) -> None:
        """End a broken response."""
        owner, head = self._owner, replayed.head
        self._add_to_task(head.revision, head.route)
        ended_well = replayed.cut(refusals.cut(OTHERS, "it broke"))
        keep = ended_well and replayed.keep and owner.keeps_alive
        owner.over(head.status, now)
        if ended_well:
            owner.reply.finish(keep=keep)
        else:
            owner.reply.break_off()

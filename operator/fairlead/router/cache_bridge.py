"""Connects one request to the response cache: it gets a stored response, follows another request, or leads a flight.

Translates between the request's owner and the cache's flights. A request that bypasses the cache has none.
"""

from time import monotonic
from typing import Final, Protocol, cast

from fairlead.router import cache_lookups, refusals
from fairlead.router.cache import replay
from fairlead.router.cache.answer_heads import AnswerHead, AnswerRoute
from fairlead.router.cache.cache import CacheBypass, CacheHit, FlightLead, ResponseCache
from fairlead.router.cache.entries import STREAM
from fairlead.router.cache.flights import CacheFlight, FlightFollower
from fairlead.router.cache.lookup_keys import CacheLookup
from fairlead.router.engine_target import EngineTarget
from fairlead.router.reply import Reply
from fairlead.router.request import Request
from fairlead.router.route_path import RoutePath
from fairlead.router.router_context import LiveExchange, RouterContext
from fairlead.router.wire import problems
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import ResponseReader

LENGTH: Final = b"content-length: "
OTHERS: Final = "of an equal earlier request"


class CachedRequest(Protocol):
    """The owner of a request that the cache may answer."""

    request: Request
    reply: Reply

    @property
    def keeps_alive(self) -> bool:
        """Whether its client's connection is kept."""

    def begin(self, now: float) -> None:
        """Send it to an engine after all."""

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

    __slots__ = ("_context", "_flight", "_follower", "_head", "_opted_in", "_owner", "_target", "_unsent")

    def __init__(self, owner: CachedRequest, *, opted_in: bool = False) -> None:
        self._owner = owner
        self._opted_in = opted_in
        self._flight: CacheFlight | None = None
        """The flight that this request leads, if any."""
        self._follower: FlightFollower | None = None
        """Its place in the flight that it follows, if any."""
        self._head: AnswerHead | None = None
        self._unsent = b""
        """A head that is sent with the first piece."""
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
            request.record.cache = "passed" if self._flight is None else "miss"
            request.add_reply_lines(seen.line)
            return False
        request.record.cache = "joined"
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
            self._owner.over(499, now)
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
        if self._head is None:
            self._follower = None
            self._owner.refuse(refusals.too_slow(OTHERS, total_seconds), now)
        else:
            self._cut(self._head, now)
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
        """Keep the head until the first piece: one write, one packet."""
        owner = self._owner
        self._head = head
        owner.reply.begin(head.status)
        if head.age is not None:
            owner.request.record.cache = "hit"
        if head.route is not None:
            owner.request.record.target, owner.request.record.fallback = head.route.target, head.route.fallback
            owner.request.show_route(head.route.lines)
            owner.request.show_version(head.route.version_line)
        self._unsent = replay.head(head, self._lines(keep=self._keeps), http10=self._http10)

    def flight_body(self, data: bytes) -> None:
        """Write a piece of the body."""
        assert self._head is not None
        record = self._owner.request.record
        if record.first_token_at < 0:
            record.first_token_at = monotonic()
        self._write(replay.piece(self._head, data, http10=self._http10))

    def flight_end(self) -> None:
        """Write the end of the response."""
        assert self._head is not None
        keep = self._keeps
        self._add_to_task(self._head.revision, self._head.route)
        self._write(replay.last(self._head, http10=self._http10))
        self._owner.over(self._head.status, monotonic())
        self._owner.reply.finish(keep=keep)

    def flight_cut(self) -> None:
        """Cut the response: it broke in the middle."""
        assert self._head is not None
        self._cut(self._head, monotonic())

    def flight_lead(self, flight: CacheFlight) -> None:
        """Send the request to an engine, for itself and its followers."""
        request = self._owner.request
        self._follower, self._flight = None, flight
        request.record.cache = "miss"
        request.add_reply_lines(replay.MISS)
        self._owner.begin(monotonic())

    def flight_alone(self) -> None:
        """Send the request to an engine without a flight."""
        self._follower = None
        self._owner.request.record.cache = "passed"
        self._owner.begin(monotonic())

    def flight_followed(self) -> None:
        """Resume the engine, which no longer waits for its client."""
        if self._owner.reply.paused:
            self._owner.resume_engine()

    def flight_deserted(self) -> None:
        """End the request: its client and now its last follower have left."""
        self._flight = None
        self._owner.client_disconnected(monotonic())

    # Internals

    def _give(self, hit: CacheHit) -> None:
        """Write the whole stored response and end the request."""
        owner, keep = self._owner, self._keeps
        owner.request.record.cache = "hit"
        self._add_to_task(hit.entry.revision)
        owner.reply.write(replay.hit(hit.entry, hit.age, self._lines(keep=keep), http10=self._http10))
        owner.over(200, monotonic())
        owner.reply.finish(keep=keep)

    def _add_to_task(self, revision: str, route: AnswerRoute | None = None) -> None:
        """Add the request to the task that it names, where its answer came from: it cost nothing."""
        context, target = self._context, self._target
        if context is not None and target is not None:
            answered = target if route is None else context.targets.get(route.target, target)
            context.spending.cached(self._owner.request, answered, revision)

    def _cut(self, head: AnswerHead, now: float) -> None:
        """End a broken response: a stream gets an error event, any other one ends with its connection."""
        owner, reply = self._owner, self._owner.reply
        self._add_to_task(head.revision, head.route)
        problem = refusals.cut(OTHERS, "it broke")
        last = replay.last(head, http10=self._http10)
        ended_well = bool(last) and STREAM in head.lines.lower() and not reply.paused
        if ended_well:
            self._write(replay.piece(head, problems.frame(problem, owner.request.surface)) + last)
        keep = ended_well and self._keeps
        record = owner.request.record
        record.cut, record.reason = True, problem.code
        owner.over(head.status, now)
        if ended_well:
            reply.finish(keep=keep)
        else:
            reply.break_off()

    def _write(self, data: bytes) -> None:
        """Write data after the head, if that is still unsent; skip an empty write."""
        whole, self._unsent = self._unsent + data, b""
        if whole:
            self._owner.reply.write(whole)

    @property
    def _http10(self) -> bool:
        return self._owner.request.received.head.http10

    @property
    def _keeps(self) -> bool:
        """Whether the connection is kept alive."""
        closes = self._head is not None and replay.closes(self._head, http10=self._http10)
        return self._owner.keeps_alive and not closes

    def _lines(self, *, keep: bool) -> bytes:
        lines = self._owner.request.reply_lines
        return lines if keep else lines + b"connection: close\r\n"

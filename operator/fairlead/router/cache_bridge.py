"""Connects one exchange to the response cache: it gets a stored response, follows another request, or leads a flight.

Translates between an exchange and the cache's flights. A request that bypasses the cache has none.
"""

from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from fairlead.router import refusals, token_counts
from fairlead.router.cache import replay
from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.cache import CacheBypass, CacheHit, CacheLookup, FlightLead
from fairlead.router.cache.entries import STREAM
from fairlead.router.cache.flights import CacheFlight, FlightFollower
from fairlead.router.stages import RELAYING
from fairlead.router.wire import problems

if TYPE_CHECKING:
    from fairlead.router.cache.cache import ResponseCache
    from fairlead.router.client_connection import ClientConnection
    from fairlead.router.exchange import Exchange
    from fairlead.router.wire.body_facts import BodyFacts
    from fairlead.router.wire.responses import ResponseReader
    from fairlead.routing.endpoint_table import EndpointTable

CACHE_HEADER: Final = b"x-fairlead-cache"
LENGTH: Final = b"content-length: "
OTHERS: Final = "the request that asked the same before this one"


class RoutableRevisions:
    """The revisions in rotation; while no endpoint is routable, those that were last."""

    __slots__ = ("_routable", "revisions")

    def __init__(self) -> None:
        self.revisions: tuple[str, ...] = ()
        self._routable: object = None

    def of(self, table: "EndpointTable") -> tuple[str, ...]:
        """The revisions, computed again only when the table has another tuple of routable endpoints."""
        routable = table.field.routable
        if routable is not self._routable:
            self._routable = routable
            self.revisions = tuple(sorted({one.revision for one in routable})) or self.revisions
        return self.revisions


class DepartedClient:
    """Stands in for a client that has disconnected, while its exchange runs on for its followers."""

    peer = ""
    paused = False

    def write(self, data: bytes) -> None:
        """Drop the bytes."""

    def answered(self, *, keep: bool) -> None:
        """Do nothing: no further request will come."""

    def abort(self) -> None:
        """Do nothing: the connection is closed."""


def answered(exchange: "Exchange", found: "BodyFacts", cache: "ResponseCache", revisions: tuple[str, ...]) -> bool:
    """Whether this request needs no engine: the cache answered it, or it follows another one."""
    told, ask = exchange.request.head.told, exchange.ask
    fill_in = exchange.router.desk.fill_in
    enquiry = CacheLookup(
        surface=exchange.record.surface,
        body=exchange.request.body,
        tenant=ask.account.name,
        revisions=revisions,
        temperature=found.temperature,
        seed=found.seed,
        cache_control=told.get(b"cache-control"),
        word=told.get(CACHE_HEADER),
        ttl=told.get(b"x-fairlead-cache-ttl"),
        extra=b"" if ask.says_output or fill_in is None else b"%d" % fill_in,
    )
    recall = CacheBridge(exchange)
    seen = cache.lookup(enquiry, recall, monotonic())
    if isinstance(seen, CacheHit):
        recall.give(seen)
        return True
    if isinstance(seen, CacheBypass):
        exchange.record.cache = "passed"
        exchange.extra += seen.line
        return False
    exchange.recall = recall
    if isinstance(seen, FlightLead):
        recall.flight = seen.flight
        exchange.record.cache = "miss"
        exchange.extra += seen.line
        return False
    exchange.record.cache = "joined"
    exchange.router.live.add(exchange)
    recall.follower = seen.follower
    seen.follower.start()
    return True


class CacheBridge:
    """The bridge of one exchange; to the cache it is a `FlightParticipant`."""

    __slots__ = ("_exchange", "_head", "_unsent", "flight", "follower")

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self.flight: CacheFlight | None = None
        """The flight that this exchange leads, if it leads one."""
        self.follower: FlightFollower | None = None
        """Its place in the flight that it follows, if it follows one."""
        self._head: AnswerHead | None = None
        self._unsent = b""
        """A head that is sent with the first piece."""

    # Called by the exchange.

    def give(self, hit: CacheHit) -> None:
        """Write the whole stored response and end the request."""
        exchange = self._exchange
        keep = self._keeps()
        whole = replay.hit(hit.entry, hit.age, self._lines(keep=keep), http10=exchange.request.head.http10)
        exchange.record.cache = "hit"
        exchange.record.bytes_out = len(whole)
        exchange.client.write(whole)
        exchange.over(200, monotonic())
        exchange.client.answered(keep=keep)

    def began(self, reader: "ResponseReader", revision: str) -> None:
        """An engine's response begins."""
        head, framing = reader.head, reader.framing
        if self.flight is None or head is None:
            return
        length = int(framing[len(LENGTH) :]) if framing.startswith(LENGTH) and not head.streams else None
        self.flight.began(AnswerHead(status=head.status, lines=head.lines, length=length, revision=revision))

    def completed(self, now: float) -> None:
        """The engine's response is complete."""
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.completed(now)

    def over(self) -> None:
        """The exchange ended; a flight that is not completed failed. Drops all references, so that no cycle remains."""
        flight, self.flight = self.flight, None
        follower, self.follower = self.follower, None
        self._exchange.recall = None
        if flight is not None:
            flight.failed()
        if follower is not None:
            follower.leave()

    def left(self, now: float) -> bool:
        """Its client disconnected. Returns whether there is nothing more to do: it followed, or runs on for others."""
        exchange = self._exchange
        if self.follower is not None:
            exchange.over(499, now)
            return True
        if self.flight is None:
            return False
        if self.flight.left():
            exchange.client = cast("ClientConnection", DepartedClient())
            if exchange.upstream is not None:
                exchange.upstream.resume_reading()
            return True
        self.flight = None
        return False

    def late(self, now: float) -> bool:
        """The total time-out has expired. Returns whether the exchange followed, so that no engine is at fault."""
        if self.follower is None:
            return False
        self.follower.leave()
        slow = refusals.too_slow(OTHERS, "did not finish", self._exchange.router.timeouts.total_seconds)
        if self._head is None:
            self.follower = None
            self._exchange.refuse(slow, now)
        else:
            self._cut(now)
        return True

    def pause(self) -> bool:
        """Its client reads slowly. Returns whether its engine continues nevertheless."""
        if self.follower is not None:
            self.follower.pause()
            return True
        return self.flight is not None and self.flight.followed

    def resume(self) -> None:
        """Its client reads again."""
        if self.follower is not None:
            self.follower.resume()

    # Called by the cache.

    def flight_head(self, head: AnswerHead) -> None:
        """Keep the head until the first piece: one write, one packet."""
        self._head = head
        exchange = self._exchange
        exchange.stage = RELAYING
        if head.age is not None:
            exchange.record.cache = "hit"
        self._unsent = replay.head(head, self._lines(keep=self._keeps()), http10=exchange.request.head.http10)

    def flight_body(self, data: bytes) -> None:
        """Write a piece of the body."""
        exchange = self._exchange
        assert self._head is not None
        if not exchange.started:
            exchange.started = True
            exchange.record.first_token_at = monotonic()
        self._write(replay.piece(self._head, data, http10=exchange.request.head.http10))

    def flight_end(self) -> None:
        """Write the end of the response."""
        exchange = self._exchange
        assert self._head is not None
        keep = self._keeps()
        self._write(replay.last(self._head, http10=exchange.request.head.http10))
        exchange.over(self._head.status, monotonic())
        exchange.client.answered(keep=keep)

    def flight_cut(self) -> None:
        """The response broke in the middle."""
        self._cut(monotonic())

    def flight_lead(self, flight: CacheFlight) -> None:
        """Send the request to an engine, for itself and its followers."""
        self.follower, self.flight = None, flight
        self._exchange.record.cache = "miss"
        self._exchange.extra += replay.MISS
        self._ask()

    def flight_alone(self) -> None:
        """Send the request to an engine without a flight."""
        self.follower = None
        self._exchange.record.cache = "passed"
        self._ask()

    def flight_followed(self) -> None:
        """Its engine no longer waits for its client."""
        upstream = self._exchange.upstream
        if upstream is not None and self._exchange.client.paused:
            upstream.resume_reading()

    def flight_deserted(self) -> None:
        """Its client and now its last follower have left: end the exchange."""
        self.flight = None
        self._exchange.left(monotonic())

    def _ask(self) -> None:
        exchange, now = self._exchange, monotonic()
        exchange.router.teller.asked(exchange.record, now)
        token_counts.ask(exchange, now)

    def _cut(self, now: float) -> None:
        """End a broken response: a stream gets an error event, any other one ends with its connection."""
        exchange, head = self._exchange, self._head
        assert head is not None
        problem = refusals.cut(OTHERS, "it broke")
        last = replay.last(head, http10=exchange.request.head.http10)
        ended_well = bool(last) and STREAM in head.lines.lower() and not exchange.client.paused
        if ended_well:
            self._write(replay.piece(head, problems.frame(problem, exchange.surface)) + last)
        keep = ended_well and self._keeps()
        exchange.record.cut, exchange.record.reason = True, problem.code
        exchange.over(head.status, now)
        if ended_well:
            exchange.client.answered(keep=keep)
        else:
            exchange.client.abort()

    def _write(self, data: bytes) -> None:
        """Write data after the head, if that still waits; skip an empty write."""
        whole, self._unsent = self._unsent + data, b""
        if whole:
            self._exchange.record.bytes_out += len(whole)
            self._exchange.client.write(whole)

    def _keeps(self) -> bool:
        """Whether the connection is kept alive."""
        exchange = self._exchange
        head, old = self._head, exchange.request.head.http10
        closes = head is not None and replay.closes(head, http10=old)
        return exchange.request.keep_alive and not exchange.router.draining and not closes

    def _lines(self, *, keep: bool) -> bytes:
        return self._exchange.extra if keep else self._exchange.extra + b"connection: close\r\n"

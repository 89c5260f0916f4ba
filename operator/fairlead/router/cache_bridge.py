"""What the response cache is to one request: its answer, somebody whose answer it follows, or followers of its own.

Stands between an exchange and the cache's flights, and turns what either says into what the other understands. A
request that the cache passes by has none.
"""

from time import monotonic
from typing import TYPE_CHECKING, Final, cast

from fairlead.router import refusals, token_counts
from fairlead.router.cache import replay
from fairlead.router.cache.cache import CacheBypass, CacheHit, CacheLookup, FlightLead
from fairlead.router.cache.entries import STREAM
from fairlead.router.cache.flights import CacheFlight
from fairlead.router.cache.followers import FlightFollower
from fairlead.router.cache.interfaces import AnswerHead
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
    """The revisions that may answer now; while none may, those that could last."""

    __slots__ = ("_routable", "revisions")

    def __init__(self) -> None:
        self.revisions: tuple[str, ...] = ()
        self._routable: object = None

    def of(self, table: "EndpointTable") -> tuple[str, ...]:
        """Counted anew only when the table has made another list of routable engines."""
        routable = table.field.routable
        if routable is not self._routable:
            self._routable = routable
            self.revisions = tuple(sorted({one.revision for one in routable})) or self.revisions
        return self.revisions


class DepartedClient:
    """The client of an exchange whose own is gone, and which runs on for those who follow."""

    peer = ""
    paused = False

    def write(self, data: bytes) -> None:
        """Nobody reads it."""

    def answered(self, *, keep: bool) -> None:
        """Nobody asks again."""

    def abort(self) -> None:
        """There is nothing to close."""


def answered(exchange: "Exchange", found: "BodyFacts", cache: "ResponseCache", revisions: tuple[str, ...]) -> bool:
    """Whether this request needs no engine: it has its answer, or will follow another's."""
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
    """Of one exchange. Speaks to the cache as its asker."""

    __slots__ = ("_exchange", "_head", "_unsent", "flight", "follower")

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self.flight: CacheFlight | None = None
        """It leads, and this is told what comes."""
        self.follower: FlightFollower | None = None
        """It follows."""
        self._head: AnswerHead | None = None
        self._unsent = b""
        """A head that goes out with the first piece."""

    # What the exchange tells.

    def give(self, hit: CacheHit) -> None:
        """The whole answer, and the end of the request."""
        exchange = self._exchange
        keep = self._keeps()
        whole = replay.hit(hit.entry, hit.age, self._lines(keep=keep), http10=exchange.request.head.http10)
        exchange.record.cache = "hit"
        exchange.record.bytes_out = len(whole)
        exchange.client.write(whole)
        exchange.over(200, monotonic())
        exchange.client.answered(keep=keep)

    def began(self, reader: "ResponseReader", revision: str) -> None:
        """An engine answers."""
        head, framing = reader.head, reader.framing
        if self.flight is None or head is None:
            return
        length = int(framing[len(LENGTH) :]) if framing.startswith(LENGTH) and not head.streams else None
        self.flight.began(AnswerHead(status=head.status, lines=head.lines, length=length, revision=revision))

    def completed(self, now: float) -> None:
        """And ended well."""
        flight, self.flight = self.flight, None
        if flight is not None:
            flight.completed(now)

    def over(self) -> None:
        """The exchange is at its end; what was not completed failed. No circle of references stays behind."""
        flight, self.flight = self.flight, None
        follower, self.follower = self.follower, None
        self._exchange.recall = None
        if flight is not None:
            flight.failed()
        if follower is not None:
            follower.leave()

    def left(self, now: float) -> bool:
        """Its client went. Whether that is all there is to do: it followed, or runs on for others."""
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
        """The time of the whole request is over. Whether it followed, and has nobody else to blame."""
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
        """Its client reads slowly. Whether its engine goes on all the same."""
        if self.follower is not None:
            self.follower.pause()
            return True
        return self.flight is not None and self.flight.followed

    def resume(self) -> None:
        """It reads again."""
        if self.follower is not None:
            self.follower.resume()

    # What the cache tells.

    def flight_head(self, head: AnswerHead) -> None:
        """Written with the first piece: one write, one packet."""
        self._head = head
        exchange = self._exchange
        exchange.stage = RELAYING
        if head.age is not None:
            exchange.record.cache = "hit"
        self._unsent = replay.head(head, self._lines(keep=self._keeps()), http10=exchange.request.head.http10)

    def flight_body(self, data: bytes) -> None:
        """Some more of it."""
        exchange = self._exchange
        assert self._head is not None
        if not exchange.started:
            exchange.started = True
            exchange.record.first_token_at = monotonic()
        self._write(replay.piece(self._head, data, http10=exchange.request.head.http10))

    def flight_end(self) -> None:
        """That was all."""
        exchange = self._exchange
        assert self._head is not None
        keep = self._keeps()
        self._write(replay.last(self._head, http10=exchange.request.head.http10))
        exchange.over(self._head.status, monotonic())
        exchange.client.answered(keep=keep)

    def flight_cut(self) -> None:
        """It broke in the middle."""
        self._cut(monotonic())

    def flight_lead(self, flight: CacheFlight) -> None:
        """Ask an engine, for itself and those who follow it now."""
        self.follower, self.flight = None, flight
        self._exchange.record.cache = "miss"
        self._exchange.extra += replay.MISS
        self._ask()

    def flight_alone(self) -> None:
        """Ask an engine for itself."""
        self.follower = None
        self._exchange.record.cache = "passed"
        self._ask()

    def flight_followed(self) -> None:
        """Its engine waits for its client no more."""
        upstream = self._exchange.upstream
        if upstream is not None and self._exchange.client.paused:
            upstream.resume_reading()

    def flight_deserted(self) -> None:
        """Its client went before, and now the last follower: nobody wants it."""
        self.flight = None
        self._exchange.left(monotonic())

    def _ask(self) -> None:
        exchange, now = self._exchange, monotonic()
        exchange.router.teller.asked(exchange.record, now)
        token_counts.ask(exchange, now)

    def _cut(self, now: float) -> None:
        """A stream gets last words that say so; any other answer ends with its connection."""
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
        """With the head, if it waits; an empty write would be one for nothing."""
        whole, self._unsent = self._unsent + data, b""
        if whole:
            self._exchange.record.bytes_out += len(whole)
            self._exchange.client.write(whole)

    def _keeps(self) -> bool:
        """Whether the connection stays."""
        exchange = self._exchange
        head, old = self._head, exchange.request.head.http10
        closes = head is not None and replay.closes(head, http10=old)
        return exchange.request.keep_alive and not exchange.router.draining and not closes

    def _lines(self, *, keep: bool) -> bytes:
        return self._exchange.extra if keep else self._exchange.extra + b"connection: close\r\n"

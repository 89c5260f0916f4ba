"""The cache's door: each request is answered from it, leads, follows, or passes by.

Asked after the tenant and its allowed models are known, and before an engine is chosen. A lookup costs nothing while
the cache is off, 1 us for a request that may be sampled, 4 us for a body seen lately, and what keys.py says for others.
"""

from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from fairlead.fleet import gateways
from fairlead.fleet.light import light
from fairlead.router.cache import bodies, digests, keys, replay, whole, wishes
from fairlead.router.cache.askers import Asker, Head
from fairlead.router.cache.counts import Counts
from fairlead.router.cache.digests import SHARE, Digests
from fairlead.router.cache.entries import Entry, kept_lines
from fairlead.router.cache.flights import Flight, State
from fairlead.router.cache.followers import Follower
from fairlead.router.cache.questions import Key, Question
from fairlead.router.cache.reasons import NotKept, PassReason
from fairlead.router.cache.store import Place, Store
from fairlead.router.cache.wishes import Wish

MOST_BODY_BYTES: Final = 512 * 2**10
"""Of a request: to read, spell and hash so much takes 1 ms, in which nobody else is served."""


@light
class Enquiry:
    """What the cache needs to know of a request."""

    surface: str
    """chat, completions, responses, messages or embeddings; others pass by."""
    body: bytes
    """As the client sent it."""
    tenant: str
    revisions: tuple[str, ...]
    """All that are in rotation now, in an order that does not change by itself."""
    temperature: float | None = None
    """What the router read already: tells a request that may be sampled without reading it again."""
    seed: int | None = None
    cache_control: bytes | None = None
    word: bytes | None = None
    """Of `x-fairlead-cache`: on, off or refresh."""
    ttl: bytes | None = None
    """Of `x-fairlead-cache-ttl`: seconds."""
    extra: bytes = b""
    """What the router adds to the body that changes the answer."""


@dataclass(slots=True, eq=False)
class Hit:
    """The answer is here."""

    entry: Entry
    age: int
    line: bytes = replay.HIT


@dataclass(slots=True, eq=False)
class Lead:
    """Ask an engine, and tell the flight."""

    flight: Flight
    line: bytes = replay.MISS


@dataclass(slots=True, eq=False)
class Follow:
    """Somebody is asking the same already."""

    follower: Follower


@dataclass(slots=True, eq=False)
class Pass:
    """Ask an engine; nothing is kept."""

    reason: PassReason
    line: bytes


Found = Hit | Lead | Follow | Pass
Digest = bytes
PASSES: Final = {one: Pass(one, b"x-fairlead-cache: pass; reason=%b\r\n" % one.value.encode()) for one in PassReason}


class Elsewhere(Protocol):
    """A store that several routers share."""

    def look(self, flight: Flight, home: "ResponseCache") -> bool:
        """Ask it, and tell the home `brought` or the flight `found_nothing`; no: it is not asked now."""

    def write(self, question: Question, entry: Entry, seconds: float) -> None:
        """Keep it there too, some time soon."""


class ResponseCache:
    """Of one router. Also the home of its flights."""

    def __init__(self, settings: gateways.ResponseCache, elsewhere: Elsewhere | None = None) -> None:
        self.counts = Counts()
        self.elsewhere = elsewhere
        self.flying_bytes = 0
        self._store = Store(settings.max_bytes, self.counts)
        self._digests = Digests()
        self._flights: dict[Key, Flight] = {}
        self.apply(settings)

    def apply(self, settings: gateways.ResponseCache) -> None:
        """New configuration: what is kept stays, within the new bounds."""
        self.enabled = settings.enabled and settings.max_bytes > 0
        self.most_entry_bytes = min(settings.max_entry_bytes, settings.max_bytes)
        self.most_flying_bytes = settings.max_bytes
        self._settings = settings
        self._store.shrink(settings.max_bytes)
        self._digests.shrink(settings.max_bytes // SHARE)

    @property
    def entries(self) -> int:
        """How many answers are kept."""
        return self._store.entries

    @property
    def bytes(self) -> int:
        """What they take, with their keys."""
        return self._store.bytes

    @property
    def flights(self) -> int:
        """Answers under way that may still be joined."""
        return len(self._flights)

    def lookup(self, enquiry: Enquiry, asker: Asker, now: float) -> Found:
        """What becomes of this request."""
        wish = wishes.read(enquiry.cache_control, enquiry.word, enquiry.ttl)
        tenant = enquiry.tenant if self._settings.by_tenant else ""
        found = self._passes_by(enquiry, wish) or self._digest(enquiry, tenant)
        if isinstance(found, PassReason):
            self.counts.passed[found] += 1
            return PASSES[found]
        key = Key(tenant, found, enquiry.revisions)
        question = Question(key=key, surface=enquiry.surface, ttl=min(self._settings.ttl_seconds, wish.ttl))
        return (
            self._kept(question, wish, now) or self._joined(question, wish, asker) or self._led(question, wish, asker)
        )

    def sweep(self, now: float) -> None:
        """What is over goes; a few times a second."""
        self._store.sweep(now)

    def forget(self, revision: str) -> None:
        """Its answers may be another model's now."""
        self._store.forget(revision)

    # What flights tell.

    def closed(self, flight: Flight) -> None:
        """A newer one may stand in its place already."""
        if self._flights.get(flight.question.key) is flight:
            del self._flights[flight.question.key]

    def landed(self, flight: Flight, head: Head, now: float) -> None:
        """Keep it, if it is whole."""
        question, body = flight.question, flight.body
        if question.ttl <= 0:
            self.refused(NotKept.UNWANTED)
            return
        objection = whole.objection(question.surface, head.status, head.lines, body)
        if objection is not None:
            self.refused(objection)
            return
        lines, until = kept_lines(head.lines), now + question.ttl
        entry = Entry(lines=lines, body=body, revision=head.revision, made_at=now, expires_at=until)
        self._put(question, entry)
        if self.elsewhere is not None:
            self.elsewhere.write(question, entry, question.ttl)

    def refused(self, objection: NotKept) -> None:
        """Counted."""
        self.counts.refused[objection] += 1

    def renewed(self, flight: Flight) -> None:
        """Newcomers join the heir, unless somebody leads anew already."""
        if flight.leaders > 1:
            self.counts.promoted += 1
        self._flights.setdefault(flight.question.key, flight)

    def scattered(self, followers: int) -> None:
        """Counted."""
        self.counts.scattered += followers

    # What the shared store tells.

    def brought(self, flight: Flight, entry: Entry, now: float) -> None:
        """It had the answer: kept here from now on, and given to all who wait for it."""
        self._put(flight.question, entry)
        age = int(max(0.0, now - entry.made_at))
        head = Head(status=200, lines=entry.lines, length=len(entry.body), revision=entry.revision, age=age)
        flight.found(head, entry.body)

    def _passes_by(self, enquiry: Enquiry, wish: Wish) -> PassReason | None:
        """All that can be told without reading the body, cheapest first."""
        if wish.off or not (self.enabled or (wish.asked and self.most_flying_bytes > 0)):
            return PassReason.OFF
        if wish.no_store:
            return PassReason.NO_STORE
        if enquiry.surface not in bodies.CHECKS:
            return PassReason.SURFACE
        if enquiry.temperature != 0 and enquiry.seed is None and enquiry.surface != "embeddings":
            return PassReason.SAMPLED
        return PassReason.TOO_LARGE if len(enquiry.body) > MOST_BODY_BYTES else None

    def _digest(self, enquiry: Enquiry, tenant: str) -> Digest | PassReason:
        """Of a body that has one answer only. One that was read lately is not read again."""
        raw, surface = enquiry.body, enquiry.surface
        place = digests.place(surface, tenant, enquiry.extra, raw)
        known = self._digests.find(place, raw)
        if known is not None:
            return known
        body = keys.read(raw)
        if body is None:
            return PassReason.UNREADABLE
        objection = bodies.objection(surface, body)
        if objection is not None:
            return objection
        made = keys.digest(surface, tenant, body, enquiry.extra)
        self._digests.keep(place, raw, made)
        return made

    def _kept(self, question: Question, wish: Wish, now: float) -> Hit | None:
        """One of a revision that could answer now; in a rollout, of either."""
        if wish.max_age <= 0:
            return None
        tenant, digest, revisions = question.key
        for revision in revisions:
            entry = self._store.find(tenant, Place(digest, revision), now)
            if entry is not None and now - entry.made_at <= wish.max_age:
                self.counts.hits += 1
                return Hit(entry, int(now - entry.made_at))
        return None

    def _joined(self, question: Question, wish: Wish, asker: Asker) -> Follow | None:
        """Who wants a fresh answer does not follow one that began before; who bounds its age, none that may be kept."""
        flight = self._flights.get(question.key)
        if flight is None or wish.max_age <= 0 or (wish.max_age < inf and flight.state is State.LOOKING):
            return None
        self.counts.joined += 1
        return Follow(flight.join(asker))

    def _led(self, question: Question, wish: Wish, asker: Asker) -> Lead | Follow:
        self.counts.misses += 1
        if self.elsewhere is not None and wish.max_age == inf:
            looking = Flight(question, self, None)
            if self.elsewhere.look(looking, self):
                self._flights[question.key] = looking
                return Follow(looking.join(asker))
        flight = self._flights[question.key] = Flight(question, self, asker)
        return Lead(flight)

    def _put(self, question: Question, entry: Entry) -> None:
        tenant, digest, _ = question.key
        if self._store.put(tenant, Place(digest, entry.revision), entry):
            self.counts.stored += 1

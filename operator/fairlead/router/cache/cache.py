"""The cache's door: each request is answered from it, leads, follows, or passes by.

Asked after the tenant and its allowed models are known, and before an engine is chosen. A lookup costs nothing while
the cache is off, 1 us for a request that may be sampled, 4 us for a body seen lately, and what keys.py says for others.
"""

from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from fairlead.fleet import gateways
from fairlead.fleet.light_dataclass import light
from fairlead.router.cache import cacheability, canonical_bodies, completeness, directives, recent_digests, replay
from fairlead.router.cache.counters import CacheCounters
from fairlead.router.cache.directives import CacheDirectives
from fairlead.router.cache.entries import CacheEntry, kept_lines
from fairlead.router.cache.flights import CacheFlight, FlightState
from fairlead.router.cache.followers import FlightFollower
from fairlead.router.cache.interfaces import AnswerHead, FlightParticipant
from fairlead.router.cache.lookup_keys import CacheKey, FlightRequest
from fairlead.router.cache.reasons import CacheBypassReason, NotStoredReason
from fairlead.router.cache.recent_digests import SHARE, RecentDigests
from fairlead.router.cache.store import CacheEntryKey, CacheStore

MOST_BODY_BYTES: Final = 512 * 2**10
"""Of a request: to read, spell and hash so much takes 1 ms, in which nobody else is served."""


@light
class CacheLookup:
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
class CacheHit:
    """The answer is here."""

    entry: CacheEntry
    age: int
    line: bytes = replay.HIT


@dataclass(slots=True, eq=False)
class FlightLead:
    """Ask an engine, and tell the flight."""

    flight: CacheFlight
    line: bytes = replay.MISS


@dataclass(slots=True, eq=False)
class FlightJoin:
    """Somebody is asking the same already."""

    follower: FlightFollower


@dataclass(slots=True, eq=False)
class CacheBypass:
    """Ask an engine; nothing is kept."""

    reason: CacheBypassReason
    line: bytes


CacheLookupResult = CacheHit | FlightLead | FlightJoin | CacheBypass
Digest = bytes
PASSES: Final = {
    one: CacheBypass(one, b"x-fairlead-cache: pass; reason=%b\r\n" % one.value.encode()) for one in CacheBypassReason
}


class SharedAnswerStore(Protocol):
    """A store that several routers share."""

    def look(self, flight: CacheFlight, home: "ResponseCache") -> bool:
        """Ask it, and tell the home `brought` or the flight `found_nothing`; no: it is not asked now."""

    def write(self, question: FlightRequest, entry: CacheEntry, seconds: float) -> None:
        """Keep it there too, some time soon."""


class ResponseCache:
    """Of one router. Also the home of its flights."""

    def __init__(self, settings: gateways.ResponseCacheSettings, elsewhere: SharedAnswerStore | None = None) -> None:
        self.counts = CacheCounters()
        self.elsewhere = elsewhere
        self.flying_bytes = 0
        self._store = CacheStore(settings.max_bytes, self.counts)
        self._digests = RecentDigests()
        self._flights: dict[CacheKey, CacheFlight] = {}
        self.apply(settings)

    def apply(self, settings: gateways.ResponseCacheSettings) -> None:
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

    def lookup(self, enquiry: CacheLookup, asker: FlightParticipant, now: float) -> CacheLookupResult:
        """What becomes of this request."""
        wish = directives.read(enquiry.cache_control, enquiry.word, enquiry.ttl)
        tenant = enquiry.tenant if self._settings.by_tenant else ""
        found = self._passes_by(enquiry, wish) or self._digest(enquiry, tenant)
        if isinstance(found, CacheBypassReason):
            self.counts.passed[found] += 1
            return PASSES[found]
        key = CacheKey(tenant, found, enquiry.revisions)
        question = FlightRequest(key=key, surface=enquiry.surface, ttl=min(self._settings.ttl_seconds, wish.ttl))
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

    def closed(self, flight: CacheFlight) -> None:
        """A newer one may stand in its place already."""
        if self._flights.get(flight.question.key) is flight:
            del self._flights[flight.question.key]

    def landed(self, flight: CacheFlight, head: AnswerHead, now: float) -> None:
        """Keep it, if it is whole."""
        question, body = flight.question, flight.body
        if question.ttl <= 0:
            self.refused(NotStoredReason.UNWANTED)
            return
        objection = completeness.objection(question.surface, head.status, head.lines, body)
        if objection is not None:
            self.refused(objection)
            return
        lines, until = kept_lines(head.lines), now + question.ttl
        entry = CacheEntry(lines=lines, body=body, revision=head.revision, made_at=now, expires_at=until)
        self._put(question, entry)
        if self.elsewhere is not None:
            self.elsewhere.write(question, entry, question.ttl)

    def refused(self, objection: NotStoredReason) -> None:
        """Counted."""
        self.counts.refused[objection] += 1

    def renewed(self, flight: CacheFlight) -> None:
        """Newcomers join the heir, unless somebody leads anew already."""
        if flight.leaders > 1:
            self.counts.promoted += 1
        self._flights.setdefault(flight.question.key, flight)

    def scattered(self, followers: int) -> None:
        """Counted."""
        self.counts.scattered += followers

    # What the shared store tells.

    def brought(self, flight: CacheFlight, entry: CacheEntry, now: float) -> None:
        """It had the answer: kept here from now on, and given to all who wait for it."""
        self._put(flight.question, entry)
        age = int(max(0.0, now - entry.made_at))
        head = AnswerHead(status=200, lines=entry.lines, length=len(entry.body), revision=entry.revision, age=age)
        flight.found(head, entry.body)

    def _passes_by(self, enquiry: CacheLookup, wish: CacheDirectives) -> CacheBypassReason | None:
        """All that can be told without reading the body, cheapest first."""
        if wish.off or not (self.enabled or (wish.asked and self.most_flying_bytes > 0)):
            return CacheBypassReason.OFF
        if wish.no_store:
            return CacheBypassReason.NO_STORE
        if enquiry.surface not in cacheability.CHECKS:
            return CacheBypassReason.SURFACE
        if enquiry.temperature != 0 and enquiry.seed is None and enquiry.surface != "embeddings":
            return CacheBypassReason.SAMPLED
        return CacheBypassReason.TOO_LARGE if len(enquiry.body) > MOST_BODY_BYTES else None

    def _digest(self, enquiry: CacheLookup, tenant: str) -> Digest | CacheBypassReason:
        """Of a body that has one answer only. One that was read lately is not read again."""
        raw, surface = enquiry.body, enquiry.surface
        place = recent_digests.digest_key(surface, tenant, enquiry.extra, raw)
        known = self._digests.find(place, raw)
        if known is not None:
            return known
        body = canonical_bodies.read(raw)
        if body is None:
            return CacheBypassReason.UNREADABLE
        objection = cacheability.objection(surface, body)
        if objection is not None:
            return objection
        made = canonical_bodies.digest(surface, tenant, body, enquiry.extra)
        self._digests.keep(place, raw, made)
        return made

    def _kept(self, question: FlightRequest, wish: CacheDirectives, now: float) -> CacheHit | None:
        """One of a revision that could answer now; in a rollout, of either."""
        if wish.max_age <= 0:
            return None
        tenant, digest, revisions = question.key
        for revision in revisions:
            entry = self._store.find(tenant, CacheEntryKey(digest, revision), now)
            if entry is not None and now - entry.made_at <= wish.max_age:
                self.counts.hits += 1
                return CacheHit(entry, int(now - entry.made_at))
        return None

    def _joined(self, question: FlightRequest, wish: CacheDirectives, asker: FlightParticipant) -> FlightJoin | None:
        """Who wants a fresh answer does not follow one that began before; who bounds its age, none that may be kept."""
        flight = self._flights.get(question.key)
        if flight is None or wish.max_age <= 0 or (wish.max_age < inf and flight.state is FlightState.LOOKING):
            return None
        self.counts.joined += 1
        return FlightJoin(flight.join(asker))

    def _led(self, question: FlightRequest, wish: CacheDirectives, asker: FlightParticipant) -> FlightLead | FlightJoin:
        self.counts.misses += 1
        if self.elsewhere is not None and wish.max_age == inf:
            looking = CacheFlight(question, self, None)
            if self.elsewhere.look(looking, self):
                self._flights[question.key] = looking
                return FlightJoin(looking.join(asker))
        flight = self._flights[question.key] = CacheFlight(question, self, asker)
        return FlightLead(flight)

    def _put(self, question: FlightRequest, entry: CacheEntry) -> None:
        tenant, digest, _ = question.key
        if self._store.put(tenant, CacheEntryKey(digest, entry.revision), entry):
            self.counts.stored += 1

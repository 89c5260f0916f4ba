"""The cache's interface: each request hits, leads a flight, follows one, or bypasses the cache.

Called after the tenant and its allowed models are known, and before an engine is chosen. A lookup costs nothing while
the cache is off, 1 us for a request that may be sampled, 4 us for a recently seen body; for the cost of others see
canonical_bodies.py.
"""

from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from fairlead.fleet import gateways
from fairlead.router.cache import cacheability, canonical_bodies, completeness, directives, recent_digests, replay
from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.counters import CacheCounters
from fairlead.router.cache.directives import CacheDirectives
from fairlead.router.cache.entries import CacheEntry, kept_lines
from fairlead.router.cache.flights import CacheFlight, FlightFollower, FlightParticipant, FlightState
from fairlead.router.cache.lookup_keys import CacheKey, CacheLookup, FlightKey, FlightRequest
from fairlead.router.cache.reasons import CacheBypassReason, NotStoredReason
from fairlead.router.cache.recent_digests import SHARE, RecentDigests
from fairlead.router.cache.store import CacheEntryKey, CacheStore

MAX_BODY_BYTES: Final = 512 * 2**10
"""Limit of a request's body: reading, encoding and hashing this much takes 1 ms, which blocks all other requests."""


@dataclass(slots=True, eq=False)
class CacheHit:
    """The response is in the cache."""

    entry: CacheEntry
    age: int
    line: bytes = replay.HIT


@dataclass(slots=True, eq=False)
class FlightLead:
    """The request goes to an engine, and its exchange reports the response to the flight."""

    flight: CacheFlight
    line: bytes = replay.MISS


@dataclass(slots=True, eq=False)
class FlightJoin:
    """Another request for the same response is in flight; this one follows it."""

    follower: FlightFollower


@dataclass(slots=True, eq=False)
class CacheBypass:
    """The request goes to an engine; its response is not stored."""

    reason: CacheBypassReason
    line: bytes


CacheLookupResult = CacheHit | FlightLead | FlightJoin | CacheBypass
Digest = bytes
PASSES: Final = {
    one: CacheBypass(one, b"x-fairlead-cache: pass; reason=%b\r\n" % one.value.encode()) for one in CacheBypassReason
}


class SharedAnswerStore(Protocol):
    """A store that several routers share."""

    def fetch(self, flight: CacheFlight, cache: "ResponseCache") -> bool:
        """Start a lookup that calls `home.brought` or `flight.found_nothing`; false if there is no lookup now."""

    def write(self, request: FlightRequest, entry: CacheEntry, seconds: float) -> None:
        """Store the entry in the background."""


class ResponseCache:
    """The response cache of one router; also owns its flights."""

    def __init__(self, settings: gateways.ResponseCacheSettings, elsewhere: SharedAnswerStore | None = None) -> None:
        self.counts = CacheCounters()
        self.elsewhere = elsewhere
        self.flying_bytes = 0
        self._store = CacheStore(settings.max_bytes, self.counts)
        self._digests = RecentDigests()
        self._flights: dict[FlightKey, CacheFlight] = {}
        self._settings = settings
        self.apply(settings)

    def apply(self, settings: gateways.ResponseCacheSettings, *, by_route: bool = False) -> None:
        """Apply another configuration; entries stay, within the new bounds, unless they are of another generation.

        `by_route`: some route switches it on.
        """
        self.enabled = settings.enabled and settings.max_bytes > 0
        self.may_be_used = self.enabled or (by_route and settings.max_bytes > 0)
        self.most_entry_bytes = min(settings.max_entry_bytes, settings.max_bytes)
        self.max_flying_bytes = settings.max_bytes
        if settings.generation != self._settings.generation:
            self._store.clear()
        self._settings = settings
        self._generation = b"g%d " % settings.generation if settings.generation else b""
        self._store.shrink(settings.max_bytes)
        self._digests.shrink(settings.max_bytes // SHARE)

    @property
    def entries(self) -> int:
        """Number of stored responses."""
        return self._store.entries

    @property
    def bytes(self) -> int:
        """Bytes of stored responses and their keys."""
        return self._store.bytes

    @property
    def flights(self) -> int:
        """Number of responses in flight that may still be joined."""
        return len(self._flights)

    def lookup(self, lookup: CacheLookup, participant: FlightParticipant, now: float) -> CacheLookupResult:
        """Look up a request: hit, lead, join or bypass."""
        control = directives.read(lookup.cache_control, lookup.word, lookup.ttl, lookup.member)
        tenant = lookup.tenant if self._settings.by_tenant else ""
        found = self._passes_by(lookup, control) or self._digest(lookup, tenant)
        if isinstance(found, CacheBypassReason):
            self.counts.passed[found] += 1
            return PASSES[found]
        key, ttl = CacheKey(tenant, found, lookup.revisions), min(self._settings.ttl_seconds, control.ttl)
        request = FlightRequest(key=key, surface=lookup.surface, ttl=ttl, queue=lookup.queue)
        return (
            self._kept(request, control, now)
            or self._joined(request, control, participant)
            or self._led(request, control, participant)
        )

    def sweep(self, now: float) -> None:
        """Drop expired entries; called a few times a second."""
        self._store.sweep(now)

    def forget(self, revision: str) -> None:
        """Drop a revision's entries, because its name may now mean another model."""
        self._store.forget(revision)

    # Called by flights.

    def closed(self, flight: CacheFlight) -> None:
        """Remove a closed flight, unless a newer one has already replaced it."""
        key = flight.request.flight_key
        if self._flights.get(key) is flight:
            del self._flights[key]

    def landed(self, flight: CacheFlight, head: AnswerHead, now: float) -> None:
        """Store a completed response, if it is complete."""
        request, body = flight.request, flight.body
        if request.ttl <= 0:
            self.refused(NotStoredReason.UNWANTED)
            return
        reason = completeness.objection(request.surface, head.status, head.lines, body)
        if reason is not None:
            self.refused(reason)
            return
        lines, until = kept_lines(head.lines), now + request.ttl
        entry = CacheEntry(lines=lines, body=body, revision=head.revision, made_at=now, expires_at=until)
        self._put(request, entry)
        if self.elsewhere is not None:
            self.elsewhere.write(request, entry, request.ttl)

    def refused(self, reason: NotStoredReason) -> None:
        """Count a response that is not stored."""
        self.counts.refused[reason] += 1

    def renewed(self, flight: CacheFlight) -> None:
        """Let new requests join the flight's successor, unless another flight has started already."""
        if flight.leaders > 1:
            self.counts.promoted += 1
        self._flights.setdefault(flight.request.flight_key, flight)

    def missed(self) -> None:
        """Count a request that neither this router nor the shared store had a response for."""
        self.counts.misses += 1

    def scattered(self, followers: int) -> None:
        """Count followers that each go to an engine themselves."""
        self.counts.scattered += followers

    # Called by the shared store.

    def brought(self, flight: CacheFlight, entry: CacheEntry, now: float) -> None:
        """Store a response found in the shared store, and deliver it to the flight's followers; do nothing with one
        that is older than this router keeps responses, even if the router that stored it keeps them for longer."""
        age = max(0.0, now - entry.made_at)
        if age >= self._settings.ttl_seconds:
            return
        self._put(flight.request, entry)
        self.counts.hits += flight.state is FlightState.FETCHING
        head = AnswerHead(status=200, lines=entry.lines, length=len(entry.body), revision=entry.revision, age=int(age))
        flight.found(head, entry.body)

    def _passes_by(self, lookup: CacheLookup, directives: CacheDirectives) -> CacheBypassReason | None:
        """Return a reason to bypass that needs no parsing of the body, the cheapest first."""
        opted_in = (directives.opted_in or lookup.opted_in) and self.max_flying_bytes > 0
        if directives.off or not (self.enabled or opted_in):
            return CacheBypassReason.OFF
        if directives.no_store:
            return CacheBypassReason.NO_STORE
        if lookup.surface not in cacheability.CHECKS:
            return CacheBypassReason.SURFACE
        if lookup.temperature != 0 and lookup.seed is None and lookup.surface != "embeddings":
            return CacheBypassReason.SAMPLED
        return CacheBypassReason.TOO_LARGE if len(lookup.body) > MAX_BODY_BYTES else None

    def _digest(self, lookup: CacheLookup, tenant: str) -> Digest | CacheBypassReason:
        """Return the digest of a body with one possible response; a recently parsed body is not parsed again."""
        raw, surface, extra = lookup.body, lookup.surface, self._generation + lookup.extra
        key = recent_digests.digest_key(surface, tenant, extra, raw)
        digest = self._digests.find(key, raw)
        if digest is not None:
            return digest
        body = canonical_bodies.read(raw)
        if body is None:
            return CacheBypassReason.UNREADABLE
        objection = cacheability.objection(surface, body)
        if objection is not None:
            return objection
        made = canonical_bodies.digest(surface, tenant, body, extra)
        self._digests.keep(key, raw, made)
        return made

    def _kept(self, request: FlightRequest, directives: CacheDirectives, now: float) -> CacheHit | None:
        """Find an entry of a revision in rotation; during a rollout, of either one. A time to live that is shorter now
        than when the entry was stored holds for it, too."""
        if directives.max_age <= 0:
            return None
        oldest = min(directives.max_age, self._settings.ttl_seconds)
        tenant, digest, revisions = request.key
        for revision in revisions:
            entry = self._store.find(tenant, CacheEntryKey(digest, revision), now)
            if entry is not None and now - entry.made_at <= oldest:
                self.counts.hits += 1
                return CacheHit(entry, int(now - entry.made_at))
        return None

    def _joined(
        self, request: FlightRequest, directives: CacheDirectives, participant: FlightParticipant
    ) -> FlightJoin | None:
        """Find a flight to follow. A request for a fresh response does not follow one that began earlier; one with a
        bound on age does not follow a lookup, which may find an older response."""
        flight = self._flights.get(request.flight_key)
        if (
            flight is None
            or directives.max_age <= 0
            or (directives.max_age < inf and flight.state is FlightState.FETCHING)
        ):
            return None
        self.counts.joined += 1
        return FlightJoin(flight.join(participant))

    def _led(
        self, request: FlightRequest, directives: CacheDirectives, participant: FlightParticipant
    ) -> FlightLead | FlightJoin:
        if self.elsewhere is not None and directives.max_age == inf:
            fetching = CacheFlight(request, self, None)
            if self.elsewhere.fetch(fetching, self):
                self._flights[request.flight_key] = fetching
                return FlightJoin(fetching.join(participant))
        self.missed()
        flight = self._flights[request.flight_key] = CacheFlight(request, self, participant)
        return FlightLead(flight)

    def _put(self, request: FlightRequest, entry: CacheEntry) -> None:
        tenant, digest, _ = request.key
        if self._store.put(tenant, CacheEntryKey(digest, entry.revision), entry):
            self.counts.stored += 1

"""Counters of the cache: plain integers, read on each scrape."""

from dataclasses import dataclass, field

from fairlead.router.cache.reasons import CacheBypassReason, NotStoredReason


@dataclass(slots=True)
class CacheCounters:
    """One router's counters since it started. Every lookup increments exactly one of hits, misses, joined or passed;
    the first request for a response that is looked up in Redis does so when Redis has answered."""

    hits: int = 0
    misses: int = 0
    """Requests that became the leader of a flight, and those that left before Redis had answered."""
    joined: int = 0
    """Requests that follow another one for the same response."""
    stored: int = 0
    promoted: int = 0
    """Followers that became leader because theirs failed."""
    scattered: int = 0
    """Followers that each went to an engine themselves after several leaders failed."""
    evicted: int = 0
    """Entries dropped to make room."""
    expired: int = 0
    passed: dict[CacheBypassReason, int] = field(default_factory=lambda: dict.fromkeys(CacheBypassReason, 0))
    refused: dict[NotStoredReason, int] = field(default_factory=lambda: dict.fromkeys(NotStoredReason, 0))


@dataclass(slots=True)
class RedisStoreCounters:
    """Counters of the store that routers share, since the router started."""

    hits: int = 0
    misses: int = 0
    slow: int = 0
    """Lookups and writes that did not finish within their time limit."""
    errors: int = 0
    busy: int = 0
    """Not looked up: too many lookups in flight."""
    written: int = 0
    dropped: int = 0
    """Not written: too many writes are pending, or the store is down."""

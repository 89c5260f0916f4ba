"""What the cache counts: plain integers, read when metrics are asked for."""

from dataclasses import dataclass, field

from fairlead.router.cache.reasons import CacheBypassReason, NotStoredReason


@dataclass(slots=True)
class CacheCounters:
    """Of one router, since it started. Every lookup raises exactly one of hits, misses, joined or a pass."""

    hits: int = 0
    misses: int = 0
    """It became the leader of a flight, or was the first to ask Redis."""
    joined: int = 0
    """It follows somebody who was already asking the same."""
    stored: int = 0
    promoted: int = 0
    """Followers who became leader because theirs failed."""
    scattered: int = 0
    """Followers sent to ask for themselves after several leaders failed."""
    evicted: int = 0
    """Thrown out for want of room."""
    expired: int = 0
    passed: dict[CacheBypassReason, int] = field(default_factory=lambda: dict.fromkeys(CacheBypassReason, 0))
    refused: dict[NotStoredReason, int] = field(default_factory=lambda: dict.fromkeys(NotStoredReason, 0))

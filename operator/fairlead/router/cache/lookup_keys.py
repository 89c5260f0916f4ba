"""What is asked, as far as the cache needs it: whose question, which one, and how long its answer may be kept."""

from dataclasses import dataclass
from typing import NamedTuple


class CacheKey(NamedTuple):
    """Equal keys, the same question in the same fleet: those who bring it may share one answer."""

    tenant: str
    digest: bytes
    revisions: tuple[str, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class FlightRequest:
    """Of one flight; read-only once made."""

    key: CacheKey
    surface: str
    ttl: float
    """Seconds its answer is kept; 0: not at all."""

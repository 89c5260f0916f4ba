"""The key of a request in the cache, its surface, and how long its response may be stored."""

from dataclasses import dataclass
from typing import NamedTuple


class CacheKey(NamedTuple):
    """Requests with equal keys are the same request to the same fleet and may share a response."""

    tenant: str
    digest: bytes
    revisions: tuple[str, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class FlightRequest:
    """The request of one flight; read-only once created."""

    key: CacheKey
    surface: str
    ttl: float
    """Seconds to store its response; 0: not at all."""

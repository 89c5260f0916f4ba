"""What the cache needs to know of a request, and its key, surface and the time that its response may be stored."""

from dataclasses import dataclass
from typing import NamedTuple

from fairlead.fleet.light_dataclass import light


@light
class CacheLookup:
    """What the cache needs to know of a request."""

    surface: str
    """One of chat, completions, responses, messages or embeddings; other surfaces bypass the cache."""
    body: bytes
    """The body as the client sent it."""
    tenant: str
    revisions: tuple[str, ...]
    """All revisions in rotation, in a stable order."""
    temperature: float | None = None
    """Already read by the router: shows that a request may be sampled without parsing it again."""
    seed: int | None = None
    cache_control: bytes | None = None
    word: bytes | None = None
    """The value of `x-fairlead-cache`: on, off or refresh."""
    ttl: bytes | None = None
    """The value of `x-fairlead-cache-ttl`: seconds."""
    member: object = None
    """The body's `cache`."""
    extra: bytes = b""
    """What the router adds to the body that changes the response."""
    opted_in: bool = False
    """Its route uses the cache, whatever the settings say."""
    queue: tuple[str, int] = ("", 0)
    """The lane and the band in which it would wait for an engine."""


class CacheKey(NamedTuple):
    """Requests with equal keys are the same request to the same fleet and may share a response."""

    tenant: str
    digest: bytes
    revisions: tuple[str, ...]


class FlightKey(NamedTuple):
    """A request follows only one that waits in the same lane and band: it would wait as long as that one does."""

    key: CacheKey
    queue: tuple[str, int]


@dataclass(slots=True, kw_only=True, eq=False)
class FlightRequest:
    """The request of one flight; read-only once created."""

    key: CacheKey
    surface: str
    ttl: float
    """Seconds to store its response; 0: not at all."""
    queue: tuple[str, int] = ("", 0)

    @property
    def flight_key(self) -> FlightKey:
        """The key of the flight that it leads or follows."""
        return FlightKey(self.key, self.queue)

"""What a client's headers request of the cache: `Cache-Control`, `x-fairlead-cache` and `x-fairlead-cache-ttl`.

An unknown directive changes nothing, as RFC 9111 5.2.3 requires; an invalid number counts as 0: a client that misspelt
its bound gets a fresh response.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

OFF: Final = b"off"
ON: Final = b"on"
REFRESH: Final = b"refresh"


@dataclass(slots=True)
class CacheDirectives:
    """The directives of one request; read-only once created."""

    opted_in: bool = False
    """The request enables the cache itself: needed if the cache is by request only."""
    off: bool = False
    no_store: bool = False
    max_age: float = inf
    """It accepts a response of at most this age; 0: only a fresh one."""
    ttl: float = inf
    """Its response is stored for at most this time."""


NO_DIRECTIVES: Final = CacheDirectives()
"""For a request without directives: nearly every one."""


def read(control: bytes | None, word: bytes | None, ttl: bytes | None) -> CacheDirectives:
    """Parse the directives of the three headers together."""
    if control is None and word is None and ttl is None:
        return NO_DIRECTIVES
    directives = CacheDirectives()
    if control is not None:
        _apply_cache_control(directives, control.lower())
    if word is not None:
        _apply_header(directives, word.strip().lower())
    if ttl is not None:
        directives.ttl = _seconds(ttl)
    return directives


def _apply_cache_control(directives: CacheDirectives, control: bytes) -> None:
    for directive in control.split(b","):
        name, _, value = directive.strip().partition(b"=")
        if name == b"no-store":
            directives.no_store = True
        elif name == b"no-cache":
            directives.max_age = 0.0
        elif name == b"max-age":
            directives.max_age = min(directives.max_age, _seconds(value))


def _apply_header(directives: CacheDirectives, word: bytes) -> None:
    if word == OFF:
        directives.off = True
    elif word == REFRESH:
        directives.opted_in, directives.max_age = True, 0.0
    elif word == ON:
        directives.opted_in = True


def _seconds(value: bytes) -> float:
    digits = value.strip().strip(b'"')
    return float(digits) if digits.isdigit() and len(digits) < 10 else 0.0

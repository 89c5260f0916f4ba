"""What a client requests of the cache: by `Cache-Control`, `x-fairlead-cache`, `x-fairlead-cache-ttl`, or in its body.

The body's `cache` is LiteLLM's: its clients send it to every model. An unknown directive changes nothing, as RFC 9111
5.2.3 requires; an invalid number counts as 0: a client that misspelt its bound gets a fresh response.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Final

import msgspec

OFF: Final = b"off"
ON: Final = b"on"
REFRESH: Final = b"refresh"
MAX_AGE: Final = ("s-maxage", "s-max-age")
"""Both spellings of LiteLLM's bound on a response's age."""
MAX_SECONDS: Final = 1e9


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


def read(control: bytes | None, word: bytes | None, ttl: bytes | None, member: object = None) -> CacheDirectives:
    """Parse the directives of the three headers and of the body's `cache` together."""
    if control is None and word is None and ttl is None and member is None:
        return NO_DIRECTIVES
    directives = CacheDirectives()
    if control is not None:
        _apply_cache_control(directives, control.lower())
    if word is not None:
        _apply_header(directives, word.strip().lower())
    if ttl is not None:
        directives.ttl = _seconds(ttl)
    if isinstance(member, dict):
        _apply_member(directives, member)
    return directives


def namespace(member: object) -> bytes:
    """Return the namespace that the body's `cache` names: requests of another one are other requests."""
    named = member.get("namespace") if isinstance(member, dict) else None
    return b"" if named is None else msgspec.json.encode(named)


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


def _apply_member(directives: CacheDirectives, member: Mapping[str, Any]) -> None:
    """Apply the body's `cache`; what is neither false nor absent counts as requested."""
    if member.get("use-cache") is True:
        directives.opted_in = True
    if member.get("no-store"):
        directives.no_store = True
    if member.get("no-cache"):
        directives.max_age = 0.0
    for name in MAX_AGE:
        if (age := member.get(name)) is not None:
            directives.max_age = min(directives.max_age, _number(age))
    if (ttl := member.get("ttl")) is not None:
        directives.ttl = min(directives.ttl, _number(ttl))


def _number(value: object) -> float:
    if isinstance(value, str):
        return _seconds(value.encode())
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0.0
    return float(value) if 0 <= value < MAX_SECONDS else 0.0


def _seconds(value: bytes) -> float:
    digits = value.strip().strip(b'"')
    return float(digits) if digits.isdigit() and len(digits) < 10 else 0.0

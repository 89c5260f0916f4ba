"""What a client asks of the cache in its head: `Cache-Control`, `x-fairlead-cache` and `x-fairlead-cache-ttl`.

A directive that this cache does not know changes nothing, as RFC 9111 5.2.3 has it; a number that is none counts as 0:
who asked for a bound and misspelt it is given a fresh answer and not an old one.
"""

from dataclasses import dataclass
from math import inf
from typing import Final

OFF: Final = b"off"
ON: Final = b"on"
REFRESH: Final = b"refresh"


@dataclass(slots=True)
class CacheDirectives:
    """What one request wants; read-only once made."""

    asked: bool = False
    """It names the cache itself: enough where the cache is by request only."""
    off: bool = False
    no_store: bool = False
    max_age: float = inf
    """It takes an answer that is at most so old; 0: only a fresh one."""
    ttl: float = inf
    """The answer made for it is kept at most so long."""


NO_DIRECTIVES: Final = CacheDirectives()
"""Of a request that says nothing: nearly every one."""


def read(control: bytes | None, word: bytes | None, ttl: bytes | None) -> CacheDirectives:
    """All that the three lines say together."""
    if control is None and word is None and ttl is None:
        return NO_DIRECTIVES
    wish = CacheDirectives()
    if control is not None:
        _apply_cache_control(wish, control.lower())
    if word is not None:
        _apply_header(wish, word.strip().lower())
    if ttl is not None:
        wish.ttl = _seconds(ttl)
    return wish


def _apply_cache_control(wish: CacheDirectives, control: bytes) -> None:
    for directive in control.split(b","):
        name, _, value = directive.strip().partition(b"=")
        if name == b"no-store":
            wish.no_store = True
        elif name == b"no-cache":
            wish.max_age = 0.0
        elif name == b"max-age":
            wish.max_age = min(wish.max_age, _seconds(value))


def _apply_header(wish: CacheDirectives, word: bytes) -> None:
    if word == OFF:
        wish.off = True
    elif word == REFRESH:
        wish.asked, wish.max_age = True, 0.0
    elif word == ON:
        wish.asked = True


def _seconds(value: bytes) -> float:
    digits = value.strip().strip(b'"')
    return float(digits) if digits.isdigit() and len(digits) < 10 else 0.0
